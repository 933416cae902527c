import FoundationEssentials
import Storage
import Vision
import Wire

extension Operations {
    /// - Parameter threshold: for this call; nil takes the model's.
    func detectAnomalies(
        _ request: DetectAnomaliesRequest, image: Data, threshold: Double?
    ) async throws -> (DetectAnomaliesResponse, score: Double, threshold: Double) {
        let model = try await context.metadata.read {
            try Lookup.model(request.projectName, request.modelVersion, $0)
        }
        guard model.status == .hosted else {
            throw WireError.conflict(
                "The model is \(model.status.rawValue); start it and wait until it is HOSTED.",
                .model, "\(model.project)/\(model.version)")
        }
        let limits = context.limits.image
        let began = ContinuousClock.now
        do {
            let (answer, detection) = try await context.host.run(model, bytes: image.count) {
                let detection = try $0.detect(
                    try ImageDecoder.decode(image, name: "in the body", limits: limits),
                    threshold: threshold ?? model.threshold)
                return (try Self.response(detection), detection)
            }
            context.metrics.detected(
                model, detection, seconds: (ContinuousClock.now - began) / .seconds(1))
            return (answer, detection.score, detection.threshold)
        } catch let error as VisionError where error.code == .invalidImage {
            context.metrics.failed(model, .invalidImage)
            throw WireError.validation("Body: \(error.message)")
        } catch let error as WireError where error.code == .throttling {
            context.metrics.failed(model, .throttled)
            throw error
        } catch {
            context.metrics.failed(model, .other)
            throw error
        }
    }

    private static func response(_ detection: Detection) throws -> DetectAnomaliesResponse {
        let anomalies = detection.segmentation.map { segmentation in
            zip(segmentation.classes, segmentation.areas).enumerated()
                .filter { index, pair in index == 0 || pair.1 > 0 }
                .map { _, pair in
                    Anomaly(
                        name: pair.0.name,
                        pixelAnomaly: .init(totalPercentageArea: pair.1, color: pair.0.color))
                }
        }
        return DetectAnomaliesResponse(
            detectAnomalyResult: DetectAnomalyResult(
                isAnomalous: detection.isAnomalous, confidence: detection.confidence,
                anomalies: anomalies, anomalyMask: try detection.segmentation?.png()))
    }
}
