import Glibc

/// One way to score, with what it scored out of fold.
struct Candidate: Sendable {
    let view: FeatureView
    let judgement: CrossValidation.Judgement
    let pooledFraction: Double
    /// nil scores by the backbone's features alone.
    var texture: TextureShare?
    /// nil scores by distance alone.
    var supervision: Teaching?
    let normalScores: [Double]
    let anomalousScores: [Double]

    /// A classifier's place in the score, and how it was taught.
    struct Teaching: Sendable {
        let teacher: SupervisionLearner.Teacher
        let supervision: Supervision
        let weight: Double
    }

    /// The filter bank's share in the distance.
    struct TextureShare: Sendable {
        let configuration: CrossValidation.Configuration
        let border: BorderScale
        let pooledFraction: Double
        let share: Double
        let scale: Double
        let offset: Double
    }

    var configuration: CrossValidation.Configuration { judgement.configuration }

    var auroc: Double? { Ranking.auroc(normal: normalScores, anomalous: anomalousScores) }

    /// Area under the ROC curve of each label's images, or of few labels' together; of all
    /// anomalous images where there are fewer than two labels.
    private var aurocByLabel: [Double] {
        let folds = judgement.labelFolds ?? anomalousScores.map { _ in 0 }
        return (0..<Folds.count).compactMap { fold in
            Ranking.auroc(
                normal: normalScores,
                anomalous: zip(anomalousScores, folds).filter { $0.1 == fold }.map(\.0))
        }
    }

    /// Whether no label's images are ranked worse than `standard` ranks them. What wins by one kind
    /// of defect alone at the cost of another would lose against kinds that nobody labelled.
    func keepsEveryLabel(of standard: Candidate) -> Bool {
        zip(aurocByLabel, standard.aurocByLabel).allSatisfy { $0 >= $1 - Self.lossMax }
    }

    /// What a candidate may lose of the area under the ROC curve, among images that it was not
    /// taught: less than one pair of twenty normal and five anomalous images.
    static let lossMax = 0.01

    var separation: Double? {
        anomalousScores.isEmpty
            ? nil : Ranking.separation(normal: normalScores, anomalous: anomalousScores)
    }

    /// Ranking first; among equals the better separated.
    static func merit(auroc: Double?, separation: Double?) -> Double {
        (auroc ?? 0) + 0.02 * min(separation ?? 0, 5)
    }

    /// A view four times as large must earn its cost: few images make small differences luck.
    var merit: Double {
        Self.merit(auroc: auroc, separation: separation)
            - 0.004 * log2(Double(view.patches) / 1024)
    }

    /// The merit that another candidate must exceed this one's by, when this one is what would be
    /// taken without any choice: half a standard error of the area under the ROC curve (about
    /// √(A (1 − A) / n) with n images of the smaller class), since both rank the same images. Below
    /// it the best of many candidates is mostly the luckiest.
    var doubt: Double {
        let images = Double(max(1, min(normalScores.count, anomalousScores.count)))
        let area = min(max(auroc ?? 0.5, 0.5), Self.certainMax)
        return (area * (1 - area) / images).squareRoot() / 2
    }

    /// A few images that are ranked without a fault do not show that there are none.
    private static let certainMax = 0.99

    /// Every pooling of a judgement.
    static func poolings(of judgement: CrossValidation.Judgement, in view: FeatureView)
        -> [Candidate]
    {
        let normal = judgement.normal.map(Pooling.highest)
        let anomalous = judgement.anomalous.map(Pooling.highest)
        var counts = Set<Int>()
        return Pooling.fractions.compactMap { fraction in
            guard counts.insert(Pooling.count(fraction: fraction, of: view.patches)).inserted
            else { return nil }
            func scores(_ images: [[Float]]) -> [Double] {
                images.map {
                    Pooling.score(descending: $0, fraction: fraction, of: view.patches)
                }
            }
            return Candidate(
                view: view, judgement: judgement, pooledFraction: fraction, texture: nil,
                supervision: nil,
                normalScores: scores(normal), anomalousScores: scores(anomalous))
        }
    }

    private static let textureShares = [0.25, 0.5]

    /// The candidate with shares of the filter bank's score; `textures` are out-of-fold scores in
    /// the same view. Both scores are brought to one scale by the normal images.
    func joined(with textures: [Candidate]) -> [Candidate] {
        func logs(_ scores: [Double]) -> [Double] {
            scores.map { log(max($0, Double(PixelClassifier.distanceFloor))) }
        }
        let own = Ranking.moments(logs(normalScores))
        return textures.flatMap { texture in
            let other = Ranking.moments(logs(texture.normalScores))
            let scale =
                own.variance.squareRoot() / max(other.variance.squareRoot(), 1e-6)
            let offset = own.mean - scale * other.mean
            return Self.textureShares.map { share in
                func joined(_ own: [Double], _ other: [Double]) -> [Double] {
                    zip(logs(own), logs(other)).map {
                        exp((1 - share) * $0 + share * (scale * $1 + offset))
                    }
                }
                return Candidate(
                    view: view, judgement: judgement, pooledFraction: pooledFraction,
                    texture: TextureShare(
                        configuration: texture.configuration,
                        border: texture.judgement.border,
                        pooledFraction: texture.pooledFraction, share: share, scale: scale,
                        offset: offset), supervision: nil,
                    normalScores: joined(normalScores, texture.normalScores),
                    anomalousScores: joined(anomalousScores, texture.anomalousScores))
            }
        }
    }

    var summary: TrainingSummary.Candidate {
        TrainingSummary.Candidate(
            isSmoothed: configuration.isSmoothed, whiteningExponent: configuration.exponent,
            bankCount: configuration.kind == .memoryBank ? configuration.bankCount : 0,
            pooledFraction: pooledFraction, auroc: auroc, separation: separation,
            inputWidth: view.input.width, inputHeight: view.input.height,
            stride: view.tap.stride, backbone: view.extractor.identifier,
            normalModel: configuration.kind.rawValue,
            textureShare: texture?.share, textureModel: texture?.configuration.kind.rawValue,
            supervision: supervision?.teacher.rawValue,
            supervisionWeight: supervision?.weight,
            borderScale: judgement.border.bands.isEmpty
                ? nil : judgement.border.bands.map(Double.init),
            placeWeight: configuration.kind == .memoryBank ? configuration.placeWeight : nil)
    }
}
