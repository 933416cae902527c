import FoundationEssentials
import Vision
import Wire

/// What DetectAnomalies answers: the verdict in the API's form, and the numbers behind it.
struct JudgedImage: Sendable {
    let result: DetectAnomalyResult
    /// Distance of the image from the normal ones; above `threshold` it is anomalous.
    let score: Double
    /// The threshold in force for the call: the call's own, the operator's or the trained one.
    let threshold: Double

    /// Draws the mask, which takes as long as a small PNG of the image's size.
    ///
    /// - Throws: `VisionError` when the mask cannot be written.
    init(_ detection: Detection) throws {
        let anomalies = detection.segmentation.map { segmentation in
            zip(segmentation.classes, segmentation.areas).enumerated()
                .filter { index, pair in index == 0 || pair.1 > 0 }
                .map { _, pair in
                    Anomaly(
                        name: pair.0.name,
                        pixelAnomaly: .init(totalPercentageArea: pair.1, color: pair.0.color))
                }
        }
        result = DetectAnomalyResult(
            isAnomalous: detection.isAnomalous, confidence: detection.confidence,
            anomalies: anomalies, anomalyMask: try detection.segmentation?.png())
        score = detection.score
        threshold = detection.threshold
    }

    /// The result as the body, the numbers as headers.
    func answer() throws -> OperationAnswer {
        OperationAnswer(
            body: try WireCoding.encode(DetectAnomaliesResponse(detectAnomalyResult: result)),
            headers: [
                CallOptions.scoreHeader: "\(score)", CallOptions.thresholdHeader: "\(threshold)",
            ])
    }
}
