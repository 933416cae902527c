import FoundationEssentials
import Service
import Vision
import Wire

/// What a model said about its test images, with the figures that follow from it. They are computed
/// by the functions that training and `spotter evaluate` compute theirs by.
struct TestResults: Sendable {
    struct Image: Sendable {
        let source: String
        let isAnomalous: Bool
        let score: Double
    }

    /// In the order of the evaluation.
    let images: [Image]
    let normal: [Double]
    let anomalous: [Double]

    /// - Parameter manifest: the evaluation's; lines without a score, which models of before wrote,
    ///   are left out.
    init(manifest: Data) {
        images = manifest.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let text = String(decoding: line, as: UTF8.self)
            guard let entry = try? ManifestLine(parsing: text), let verdict = entry.verdict,
                let details = entry.members["anomaly-label-detected-metadata"]?.object,
                let score = details["spotter-score"]?.double
            else { return nil }
            return Image(
                source: entry.source, isAnomalous: verdict == .anomaly, score: score)
        }
        normal = images.filter { !$0.isAnomalous }.map(\.score)
        anomalous = images.filter(\.isAnomalous).map(\.score)
    }

    var auroc: Double? { Ranking.auroc(normal: normal, anomalous: anomalous) }
    var interval: Ranking.Interval? {
        Ranking.aurocInterval(normal: normal, anomalous: anomalous)
    }
    var averagePrecision: Double? {
        Ranking.averagePrecision(normal: normal, anomalous: anomalous)
    }
    var curve: [Ranking.OperatingPoint] { Ranking.curve(normal: normal, anomalous: anomalous) }

    func confusion(at threshold: Double) -> Confusion {
        Confusion(normal: normal, anomalous: anomalous, threshold: threshold)
    }

    /// Each image's probability of an anomaly by `decision`.
    func probabilities(_ decision: Decision) -> [(probability: Double, isAnomalous: Bool)] {
        images.map { (decision.probability($0.score), $0.isAnomalous) }
    }
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

    func counts(_ scores: [Double]) -> Counts {
        let above = scores.count { $0 > high }
        let below = scores.count { $0 <= low }
        return Counts(normal: below, unsure: scores.count - above - below, anomalous: above)
    }
}
