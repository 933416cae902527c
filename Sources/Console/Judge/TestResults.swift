import Base
import FoundationEssentials
import Service
import Vision
import Wire

/// What a model said about its test images, with the figures that follow from it alone: they are
/// computed once, by the functions that training and `spotter evaluate` compute theirs by.
struct TestResults: Sendable {
    struct Image: Sendable {
        let source: String
        let isAnomalous: Bool
        let score: Double
    }

    /// Another one for every evaluation that was read.
    let id = UUID.random()
    /// In the order of the evaluation.
    let images: [Image]
    let normal: RankedScores
    let anomalous: RankedScores
    let auroc: Double?
    let interval: Ranking.Interval?
    let averagePrecision: Double?
    /// Corners of the ROC curve as an SVG draws them, in a square of 100 units.
    let curve: String
    /// What scripts get of it: lists of equal length, 2 MB with 20,000 images.
    let document: Data
    /// By reference; of images that are there twice the last one's.
    let scores: [String: Double]

    /// Takes a moment for each thousand images: not on the cooperative pool.
    ///
    /// - Parameter manifest: the evaluation's; lines without a score, which models of before wrote,
    ///   are left out.
    /// - Throws: `EncodingError` never in practice: scores are finite.
    init(manifest: Data) throws {
        images = manifest.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let text = String(decoding: line, as: UTF8.self)
            guard let entry = try? ManifestLine(parsing: text), let verdict = entry.verdict,
                let details = entry.members["anomaly-label-detected-metadata"]?.object,
                let score = details["spotter-score"]?.double
            else { return nil }
            return Image(
                source: entry.source, isAnomalous: verdict == .anomaly, score: score)
        }
        // Sums depend on the order in their last digits, so it is that of the evaluation.
        let normal = images.filter { !$0.isAnomalous }.map(\.score)
        let anomalous = images.filter(\.isAnomalous).map(\.score)
        auroc = Ranking.auroc(normal: normal, anomalous: anomalous)
        interval = Ranking.aurocInterval(normal: normal, anomalous: anomalous)
        averagePrecision = Ranking.averagePrecision(normal: normal, anomalous: anomalous)
        curve = Charts.curve(Ranking.curve(normal: normal, anomalous: anomalous))
        self.normal = RankedScores(images, areAnomalous: false)
        self.anomalous = RankedScores(images, areAnomalous: true)
        scores = Dictionary(images.map { ($0.source, $0.score) }, uniquingKeysWith: { $1 })
        document = try JSONCoding.encode(
            JSONValue.object([
                "auroc": auroc.map(JSONValue.number) ?? .null,
                "low": interval.map { .number($0.low) } ?? .null,
                "high": interval.map { .number($0.high) } ?? .null,
                "method": interval.map { .string($0.method.rawValue) } ?? .null,
                "averagePrecision": averagePrecision.map(JSONValue.number) ?? .null,
                "sources": .array(images.map { .string($0.source) }),
                "scores": .array(images.map { .number($0.score) }),
                "anomalous": .array(images.map { .integer($0.isAnomalous ? 1 : 0) }),
            ]))
    }

    func confusion(at threshold: Double) -> Confusion {
        var confusion = Confusion()
        confusion.falsePositives = normal.count(above: threshold)
        confusion.truePositives = anomalous.count(above: threshold)
        confusion.trueNegatives = normal.count - confusion.falsePositives
        confusion.falseNegatives = anomalous.count - confusion.truePositives
        return confusion
    }

    /// Each image's probability of an anomaly by `decision`.
    func probabilities(_ decision: Decision) -> [(probability: Double, isAnomalous: Bool)] {
        images.map { (decision.probability($0.score), $0.isAnomalous) }
    }

    /// Images that `band` judges wrongly, the worst first: those that lie on the wrong side by the
    /// largest ratio of scores.
    func mistakes(_ band: Band, limit: Int) -> (count: Int, worst: [Image]) {
        let missed = anomalous.count(upTo: band.low)
        let alarms = normal.count(above: band.high)
        var (low, high) = (0, 0)
        var worst: [Image] = []
        while worst.count < limit, low < missed || high < alarms {
            let escape = low < missed ? anomalous.place(low) : nil
            let alarm = high < alarms ? normal.place(normal.count - 1 - high) : nil
            let distances = (
                escape.map { band.low / max(images[$0].score, 1e-9) } ?? -.infinity,
                alarm.map { images[$0].score / max(band.high, 1e-9) } ?? -.infinity
            )
            if let escape, distances.0 >= distances.1 {
                worst.append(images[escape])
                low += 1
            } else if let alarm {
                worst.append(images[alarm])
                high += 1
            }
        }
        return (missed + alarms, worst)
    }
}

/// The images of one class in the order of their scores, so that counting those above a threshold
/// takes a few steps.
struct RankedScores: Sendable {
    /// Ascending.
    private let scores: [Double]
    /// Where the image of each score stands in the evaluation.
    private let places: [Int]

    init(_ images: [TestResults.Image], areAnomalous: Bool) {
        places = images.indices.filter { images[$0].isAnomalous == areAnomalous }
            .sorted { (images[$0].score, $0) < (images[$1].score, $1) }
        scores = places.map { images[$0].score }
    }

    var count: Int { scores.count }

    /// How many scores are at most `bound`.
    func count(upTo bound: Double) -> Int {
        var (low, high) = (0, scores.count)
        while low < high {
            let middle = (low + high) / 2
            if scores[middle] > bound { high = middle } else { low = middle + 1 }
        }
        return low
    }

    func count(above bound: Double) -> Int { count - count(upTo: bound) }

    /// Where the image of a rank, 0 for the lowest score, stands in the evaluation.
    func place(_ rank: Int) -> Int { places[rank] }
}

/// Which of three things becomes of an image, where two thresholds part them.
struct Band: Sendable {
    /// Scores up to it are normal.
    let low: Double
    /// Scores above it are anomalous.
    let high: Double

    /// - Parameter unsure: the second threshold, on either side of the first; nil without one.
    init(threshold: Double, unsure: Double?) {
        low = min(threshold, unsure ?? threshold)
        high = max(threshold, unsure ?? threshold)
    }

    /// Images of each kind that are judged normal, left to a person, and judged anomalous.
    struct Counts: Sendable, Equatable {
        let normal: Int
        let unsure: Int
        let anomalous: Int
    }

    func counts(_ scores: RankedScores) -> Counts {
        let (above, below) = (scores.count(above: high), scores.count(upTo: low))
        return Counts(normal: below, unsure: scores.count - above - below, anomalous: above)
    }
}
