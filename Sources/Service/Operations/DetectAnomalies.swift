import FoundationEssentials
import Storage
import Vision
import Wire

extension Operations {
    /// Judges an image with a hosted model, and counts the call in the metrics.
    ///
    /// - Parameters:
    ///   - image: a PNG or JPEG file, whatever `request.contentType` says.
    ///   - threshold: for this call; nil takes the model's.
    /// - Throws: `resourceNotFound`; `conflict` for a model that is not hosted; `validation` for an
    ///   image that cannot be judged; `throttling`, as `ModelHost.run` does.
    func detectAnomalies(
        _ request: DetectAnomaliesRequest, image: Data, threshold: Double?
    ) async throws -> JudgedImage {
        let model = try await hostedModel(request.projectName, request.modelVersion)
        let limits = context.limits.image
        let began = ContinuousClock.now
        do {
            let judged = try await context.host.run(model, bytes: image.count) {
                try JudgedImage(
                    $0.detect(
                        try $0.picture(in: image, name: "in the body", limits: limits),
                        threshold: threshold ?? model.threshold))
            }
            context.metrics.detected(
                model, judged, seconds: (ContinuousClock.now - began) / .seconds(1))
            context.ledger.detected(
                model, isAnomalous: judged.result.isAnomalous, at: context.now())
            return judged
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

    /// - Throws: `resourceNotFound`; `conflict` for a model that is not hosted.
    func hostedModel(_ project: String, _ version: String) async throws -> ModelRecord {
        let model = try await context.metadata.read { try Lookup.model(project, version, $0) }
        guard model.status == .hosted else {
            throw WireError.conflict(
                "The model is \(model.status.rawValue); start it and wait until it is HOSTED.",
                .model, "\(model.project)/\(model.version)")
        }
        return model
    }
}
