import NIOPosix
import Storage
import Vision
import Wire

/// Reads the labelled images of a project's datasets.
struct DatasetReader: Sendable {
    let context: ServiceContext
    let project: String

    /// - Returns: nil when there is no such dataset.
    func images(_ type: DatasetType) async throws -> [LabelledImage]? {
        let project = project
        guard
            let entries = try await context.metadata.read({ transaction in
                try transaction.dataset(project, type).map { _ in
                    try transaction.entries(project: project, type: type, offset: 0, limit: .max)
                }
            })
        else { return nil }
        return try await context.pools.jobs.runIfActive {
            try entries.compactMap { try LabelledImage($0) }
        }
    }

    /// - Parameter sampleBits: as the model's manifest has them.
    func picture(of image: LabelledImage, sampleBits: Int?) async throws -> RGBImage {
        let bytes = try await context.objects.get(
            image.location, bytesMax: context.limits.image.bytesMax)
        return try await context.pools.jobs.runIfActive {
            try ImageDecoder.decode(
                bytes, name: image.location.uri, limits: context.limits.image,
                sampleBits: sampleBits)
        }
    }
}
