package import FoundationEssentials
import Storage
package import Vision
import Wire

extension Operations {
    /// What a hosted model says about a picture, with the picture to draw on.
    package struct Inspection: Sendable {
        package let picture: RGBImage
        package let detection: Detection
    }

    /// Judges a picture as DetectAnomalies does, and keeps what it saw.
    ///
    /// - Throws: as DetectAnomalies.
    package func inspect(_ project: String, _ version: String, _ image: Data) async throws
        -> Inspection
    {
        try await authorize(
            .detectAnomalies,
            .object(["ProjectName": .string(project), "ModelVersion": .string(version)]))
        let model = try await hostedModel(project, version)
        let limits = context.limits.image
        do {
            return try await context.host.run(model, bytes: image.count) { detector in
                let picture = try detector.picture(in: image, name: "", limits: limits)
                return Inspection(
                    picture: picture,
                    detection: try detector.detect(picture, threshold: model.threshold))
            }
        } catch let error as VisionError where error.code == .invalidImage {
            throw WireError.validation(error.message)
        }
    }
}
