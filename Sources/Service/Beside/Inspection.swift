package import FoundationEssentials
import Storage
package import Vision
import Wire

extension Operations {
    /// Judges a picture as DetectAnomalies does, and keeps what the model saw.
    ///
    /// - Throws: as DetectAnomalies.
    package func inspect(_ project: String, _ version: String, _ image: Data) async throws
        -> Detection
    {
        try await authorize(
            .detectAnomalies,
            .object(["ProjectName": .string(project), "ModelVersion": .string(version)]))
        let model = try await hostedModel(project, version)
        let limits = context.limits.image
        do {
            return try await context.host.run(model, bytes: image.count) { detector in
                let picture = try detector.picture(in: image, name: "", limits: limits)
                return try detector.detect(picture, threshold: model.threshold)
            }
        } catch let error as VisionError where error.code == .invalidImage {
            throw WireError.validation(error.message)
        }
    }
}
