package import FoundationEssentials
package import Storage
package import Vision

/// The files of trained models in the service's own bucket: `PROJECT/VERSION/manifest.json` and
/// `model.onnx`. The manifest is written last and names the other's checksum, so a model is there
/// whole or not at all.
package struct ModelLibrary: Sendable {
    private let objects: any ObjectStore
    private let bucket: String

    package init(objects: any ObjectStore, bucket: String) {
        self.objects = objects
        self.bucket = bucket
    }

    private func location(_ project: String, _ version: Int, _ name: String) -> ObjectLocation {
        ObjectLocation(bucket: bucket, key: Self.key(project, version, name))
    }

    /// Key of a model's file.
    package static func key(_ project: String, _ version: Int, _ name: String) -> String {
        "\(project)/\(version)/\(name)"
    }

    package func save(
        _ manifest: ModelManifest, model: Data, project: String, version: Int
    ) async throws {
        if try await !objects.bucketExists(bucket) { try await objects.createBucket(bucket) }
        try await objects.put(
            .bytes(model), at: location(project, version, ModelManifest.modelFileName))
        try await objects.put(
            .bytes(try manifest.encoded()), at: location(project, version, ModelManifest.fileName))
    }

    /// The manifest goes first: without it the rest is no model.
    func remove(_ project: String, _ version: Int) async throws {
        guard try await objects.bucketExists(bucket) else { return }
        for name in [ModelManifest.fileName, ModelManifest.modelFileName] {
            try await objects.delete(location(project, version, name))
        }
    }

    package func load(_ project: String, _ version: Int) async throws -> (
        manifest: ModelManifest, model: Data
    ) {
        let limit = VisionLimits.packageFileBytesMax
        let manifest = try ModelManifest(
            decoding: try await objects.get(
                location(project, version, ModelManifest.fileName), bytesMax: limit))
        let model = try await objects.get(
            location(project, version, ModelManifest.modelFileName), bytesMax: limit)
        guard Checksum.sha256(model) == manifest.files[ModelManifest.modelFileName] else {
            throw VisionError(
                .invalidModel,
                "The files of model \(project)/\(version) are damaged: \(ModelManifest.modelFileName)"
                    + " does not have the checksum of its manifest. Train the model again.")
        }
        return (manifest, model)
    }
}
