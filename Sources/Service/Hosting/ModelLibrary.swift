import Base
package import FoundationEssentials
package import Storage
package import Vision

/// The files of trained models in the state bucket: `manifest.json` and `model.onnx` in a folder.
///
/// Each attempt of a training writes a folder of its own, `PROJECT/VERSION/ATTEMPT`, and the row of
/// the model names the one whose attempt came to its end (`ModelRecord.files`). A worker that was
/// taken for dead and comes back writes what no row names. Models that were made before there were
/// attempts are in `PROJECT/VERSION`, and their rows name nothing.
package struct ModelLibrary: Sendable {
    /// Prefix of the folders, in a bucket that has other things too.
    package static let sharedPrefix = "models/"
    private static let names = [ModelManifest.fileName, ModelManifest.modelFileName]

    private let state: StateBucket
    private let prefix: String

    /// - Parameter prefix: `sharedPrefix`, or nothing in a bucket that has models alone.
    package init(state: StateBucket, prefix: String) {
        self.state = state
        self.prefix = prefix
    }

    /// Keys of a model's files, as rows name them; the manifest first.
    package static func keys(of model: ModelRecord, prefix: String) -> [String] {
        keys(in: model.filesFolder, prefix: prefix)
    }

    private static func keys(in folder: String, prefix: String) -> [String] {
        names.map { "\(prefix)\(folder)/\($0)" }
    }

    /// The same, with this library's prefix.
    package func keys(of model: ModelRecord) -> [String] {
        Self.keys(of: model, prefix: prefix)
    }

    /// Writes the files of an attempt, which no row names yet: `adopt` them in the transaction that
    /// saves the row, or `abandon` them. When it throws, what stays is removed by the
    /// sweep.
    ///
    /// - Parameter attempt: no other attempt has the same.
    /// - Returns: what `ModelRecord.files` is to be.
    /// - Throws: `StorageError`.
    package func save(
        _ manifest: ModelManifest, model: Data, project: String, version: Int, attempt: String
    ) async throws -> String {
        let folder = "\(project)/\(version)/\(attempt)"
        let bytes = try manifest.encoded()
        var written: [String] = []
        do {
            for (key, content) in zip(Self.keys(in: folder, prefix: prefix), [bytes, model]) {
                try await state.stage(.bytes(content), key)
                written.append(key)
            }
        } catch {
            // The one that failed may still be on its way, so it stays noted until the sweep.
            await state.abandon(written)
            throw error
        }
        return folder
    }

    /// Called in the transaction that gives a row these files.
    func adopt(_ files: String, _ transaction: MetadataTransaction) throws {
        try state.adopt(Self.keys(in: files, prefix: prefix), transaction)
    }

    /// Removes the files of an attempt unless a row has got them.
    func abandon(_ files: String) async {
        await state.abandon(Self.keys(in: files, prefix: prefix))
    }

    /// Called in the transaction that removes the row; `discard` the files after it.
    func disown(_ model: ModelRecord, _ transaction: MetadataTransaction) throws {
        try state.disown(keys(of: model), transaction)
    }

    func discard(_ model: ModelRecord) async { await state.discard(keys(of: model)) }

    /// Manifest and ONNX file, whose checksum is the manifest's.
    ///
    /// - Throws: `VisionError.invalidModel` when a file is gone or damaged; `StorageError`.
    package func load(_ model: ModelRecord) async throws -> (
        manifest: ModelManifest, model: Data
    ) {
        let manifest = try await manifest(of: model)
        return (manifest, try await graph(of: model, manifest))
    }

    /// - Throws: `VisionError` when it is gone or damaged.
    package func manifest(of model: ModelRecord) async throws -> ModelManifest {
        try ModelManifest(decoding: try await file(ModelManifest.fileName, of: model))
    }

    /// The ONNX file.
    ///
    /// - Throws: `VisionError` when it is gone or is not the one that the manifest names.
    func graph(of model: ModelRecord, _ manifest: ModelManifest) async throws -> Data {
        let bytes = try await file(ModelManifest.modelFileName, of: model)
        guard Checksum.sha256(bytes) == manifest.files[ModelManifest.modelFileName] else {
            throw VisionError(
                .invalidModel,
                "The files of model \(model.project)/\(model.version) are damaged: "
                    + "\(ModelManifest.modelFileName) does not have the checksum of its manifest. "
                    + "Train the model again.")
        }
        return bytes
    }

    /// Bytes of the ONNX file.
    func graphBytes(of model: ModelRecord) async throws -> Int {
        let key = "\(prefix)\(model.filesFolder)/\(ModelManifest.modelFileName)"
        guard let object = try await state.objects.head(state.location(key)) else {
            throw missing(key, of: model)
        }
        return object.size
    }

    private func file(_ name: String, of model: ModelRecord) async throws -> Data {
        let key = "\(prefix)\(model.filesFolder)/\(name)"
        do {
            return try await state.get(key, bytesMax: VisionLimits.packageFileBytesMax)
        } catch let error as StorageError
            where error.code == .noSuchObject || error.code == .noSuchBucket
        {
            throw missing(key, of: model)
        }
    }

    private func missing(_ key: String, of model: ModelRecord) -> VisionError {
        VisionError(
            .invalidModel,
            "The files of model \(model.project)/\(model.version) are gone: there is no \(key) "
                + "where models are kept. Train the model again.")
    }
}

extension ModelRecord {
    /// Where its files are.
    fileprivate var filesFolder: String { files ?? "\(project)/\(version)" }
}
