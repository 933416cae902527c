import Service
import Vision

/// `result.json`: what a training and its test came to.
struct EvaluationResult: Encodable {
    struct Image: Encodable {
        let source: String
        let isAnomalous: Bool
        let score: Double
        /// `normal` or `anomaly`.
        let verdict: ManifestLine.Verdict.RawValue
        /// In the verdict, 0.5...1.
        let confidence: Double
        /// Decoding and detection on one thread.
        let milliseconds: Double
    }

    /// Figures of the test images. A figure that they do not allow is missing.
    struct Metrics: Encodable {
        let auroc: Double?
        let averagePrecision: Double?
        let f1: Double
        let precision: Double
        let recall: Double
        let falseAlarmRate: Double?
        /// With the threshold at the 95 % quantile of the normal test images.
        let recallAt5PercentFalseAlarms: Double?
        let expectedCalibrationError: Double?
        let pixelAuroc: Double?
        /// Intersection over union of each label, over all test images with masks.
        let labelIoU: [String: Double]?
        let meanIoU: Double?
        let millisecondsMedian: Double?
    }

    let version = 1
    let train: String
    let test: String
    let supervision: Supervision
    let seed: UInt64
    let threads: Int
    let testNormalImages: Int
    let testAnomalousImages: Int
    /// Test images that are training images too.
    let sharedImages: Int
    let trainingSeconds: Double
    /// Resident memory at its highest: until the model was trained, and until the end.
    let trainingPeakMegabytes: Double?
    let peakMegabytes: Double?
    let threshold: Double
    let metrics: Metrics
    let training: TrainingSummary
    let images: [Image]
}

/// What a model says about test images, gathered one by one.
struct TestFigures {
    private(set) var images: [EvaluationResult.Image] = []
    private var evaluation: Evaluation
    private var pixels: PixelRanking?

    /// - Parameters:
    ///   - labels: the model's.
    ///   - hasMasks: whether any test image has a mask.
    init(labels: [LabelClass], hasMasks: Bool) {
        evaluation = Evaluation(labels: labels)
        pixels = hasMasks ? PixelRanking() : nil
    }

    mutating func add(
        _ detection: Detection, of entry: LabelledFiles.Entry, image: RGBImage, mask: LabelMask?,
        milliseconds: Double
    ) {
        evaluation.add(detection, isAnomalous: entry.isAnomalous, mask: mask)
        if mask != nil || !entry.isAnomalous {
            pixels?.add(
                detection.map.resized(width: image.width, height: image.height), mask: mask)
        }
        let verdict: ManifestLine.Verdict = detection.isAnomalous ? .anomaly : .normal
        images.append(
            EvaluationResult.Image(
                source: entry.source, isAnomalous: entry.isAnomalous, score: detection.score,
                verdict: verdict.rawValue, confidence: detection.confidence,
                milliseconds: milliseconds))
    }

    var metrics: EvaluationResult.Metrics {
        let (normal, anomalous) = (evaluation.normalScores, evaluation.anomalousScores)
        let confusion = evaluation.confusion
        let figures = evaluation.labelFigures
        let times = images.map(\.milliseconds).sorted()
        return EvaluationResult.Metrics(
            auroc: evaluation.auroc, averagePrecision: evaluation.averagePrecision,
            f1: confusion.f1, precision: confusion.precision, recall: confusion.recall,
            falseAlarmRate: normal.isEmpty
                ? nil : Double(confusion.falsePositives) / Double(normal.count),
            recallAt5PercentFalseAlarms: Ranking.recall(
                atFalseAlarmRate: 0.05, normal: normal, anomalous: anomalous),
            expectedCalibrationError: Calibration.expectedError(
                images.map {
                    let isAnomaly = $0.verdict == ManifestLine.Verdict.anomaly.rawValue
                    return (isAnomaly ? $0.confidence : 1 - $0.confidence, $0.isAnomalous)
                }),
            pixelAuroc: pixels?.auroc,
            labelIoU: figures.isEmpty
                ? nil
                : Dictionary(figures.map { ($0.name, $0.confusion.iou) }) { first, _ in first },
            meanIoU: figures.isEmpty
                ? nil : figures.reduce(0) { $0 + $1.confusion.iou } / Double(figures.count),
            millisecondsMedian: times.isEmpty ? nil : times[times.count / 2])
    }
}
