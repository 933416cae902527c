import Base
import FoundationEssentials
import Vision
import Wire

/// The two files that tell how a model did on the test images. Adding an image takes time: not on
/// the cooperative pool.
struct EvaluationReport: Sendable {
    let modelArn: String
    let project: String
    let version: Int
    let trainingImages: Int
    let threshold: Double
    /// Which images are anomalous, with the probability of it that the model gave.
    private var judged: [(probability: Double, isAnomalous: Bool)] = []
    /// nil without masks.
    private var pixels: PixelRanking?
    private var evaluation: Evaluation
    private var lines: [String] = []

    init(
        manifest: ModelManifest, project: String, version: Int, trainingImages: Int,
        hasMasks: Bool
    ) {
        modelArn = manifest.modelArn
        self.project = project
        self.version = version
        self.trainingImages = trainingImages
        threshold = manifest.decision.threshold
        pixels = hasMasks ? PixelRanking() : nil
        evaluation = Evaluation(labels: manifest.labels)
    }

    mutating func add(
        _ detection: Detection, of image: LabelledImage, size: PixelSize,
        mask: LabelMask?, now: Date
    ) throws {
        evaluation.add(detection, isAnomalous: image.isAnomalous, mask: mask)
        judged.append((detection.probability, image.isAnomalous))
        // An anomalous image without a mask does not tell which of its pixels are anomalous.
        if pixels != nil, mask != nil || !image.isAnomalous {
            pixels?.add(detection.map.resized(width: size.width, height: size.height), mask: mask)
        }
        var members = image.line.members
        members["anomaly-label-detected"] = .integer(detection.isAnomalous ? 1 : 0)
        members["anomaly-label-detected-metadata"] = .object([
            "class-name": .string(detection.isAnomalous ? "anomaly" : "normal"),
            "confidence": .number(detection.confidence),
            "type": .string("groundtruth/image-classification"),
            "human-annotated": .string("no"),
            "creation-date": .string(now.formatted(.iso8601)),
            "job-name": .string("model-evaluation/\(project)/\(version)"),
            "model-arn": .string(modelArn),
            "project-name": .string(project),
            "model-version": .string(String(version)),
            "spotter-score": .number(detection.score),
            "spotter-threshold": .number(detection.threshold),
        ])
        lines.append(try JSONCoding.text(JSONValue.object(members)))
    }

    var performance: ModelPerformance {
        let confusion = evaluation.confusion
        return ModelPerformance(
            f1Score: confusion.f1, recall: confusion.recall, precision: confusion.precision)
    }

    /// JSON lines: each test image's own line and what the model said.
    var manifest: Data { Data((lines.joined(separator: "\n") + "\n").utf8) }

    func result(evaluationEnd: Date) throws -> Data {
        struct Result: Encodable {
            struct Details: Encodable {
                let ModelArn: String
                let EvaluationEndTimestamp: String
                let NumberOfTrainingImages: Int
                let NumberOfTestingImages: Int
            }
            struct Label: Encodable {
                let Precision: Double
                let Recall: Double
                let F1Score: Double
                let AIOU: Double
                let ClassName: String
            }
            struct Metrics: Encodable {
                let ROCAUC: Double?
                let AveragePrecision: Double?
                let Precision: Double
                let Recall: Double
                let F1Score: Double
                let PixelAnomalyClassMetrics: [Label]?
            }
            struct Aggregated: Encodable { let Metrics: Metrics }
            /// What the results of Lookout for Vision did not have.
            struct Own: Encodable {
                let Threshold: Double
                let ExpectedCalibrationError: Double?
                let PixelAUROC: Double?
            }
            let Version = 1
            let EvaluationDetails: Details
            let AggregatedEvaluationResults: Aggregated
            let Spotter: Own
        }
        let labels = evaluation.labelFigures.map {
            Result.Label(
                Precision: $0.confusion.precision, Recall: $0.confusion.recall,
                F1Score: $0.confusion.f1, AIOU: $0.confusion.iou, ClassName: $0.name)
        }
        let metrics = Result.Metrics(
            ROCAUC: evaluation.auroc, AveragePrecision: evaluation.averagePrecision,
            Precision: performance.precision, Recall: performance.recall,
            F1Score: performance.f1Score,
            PixelAnomalyClassMetrics: labels.isEmpty ? nil : labels)
        return try JSONCoding.encode(
            Result(
                EvaluationDetails: .init(
                    ModelArn: modelArn,
                    EvaluationEndTimestamp: evaluationEnd.formatted(.iso8601),
                    NumberOfTrainingImages: trainingImages,
                    NumberOfTestingImages: evaluation.imageCount),
                AggregatedEvaluationResults: .init(Metrics: metrics),
                Spotter: .init(
                    Threshold: threshold,
                    ExpectedCalibrationError: Calibration.expectedError(judged),
                    PixelAUROC: pixels?.auroc)), .indented)
    }
}
