import Glibc

/// One way to score, with what it scored out of fold.
struct Candidate: Sendable {
    let view: FeatureView
    let judgement: CrossValidation.Judgement
    let pooledFraction: Double
    /// nil scores by distance alone.
    var supervision: Teaching?
    let normalScores: [Double]
    let anomalousScores: [Double]

    /// A classifier's place in the score, and how it was taught.
    struct Teaching: Sendable {
        let teacher: SupervisionLearner.Teacher
        let method: SupervisionLearner.Method
        let supervision: Supervision
        let margin: Double
    }

    var configuration: CrossValidation.Configuration { judgement.configuration }

    var auroc: Double? { Ranking.auroc(normal: normalScores, anomalous: anomalousScores) }

    var separation: Double? {
        anomalousScores.isEmpty
            ? nil : Ranking.separation(normal: normalScores, anomalous: anomalousScores)
    }

    /// Ranking first; among equals the better separated. A view four times as large must earn its
    /// cost: few images make small differences luck.
    var merit: Double {
        (auroc ?? 0) + 0.02 * min(separation ?? 0, 5) - 0.004 * log2(Double(view.patches) / 1024)
    }

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
                view: view, judgement: judgement, pooledFraction: fraction, supervision: nil,
                normalScores: scores(normal), anomalousScores: scores(anomalous))
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
            supervision: supervision.map { "\($0.teacher.rawValue), \($0.method.rawValue)" },
            supervisionMargin: supervision?.margin)
    }
}
