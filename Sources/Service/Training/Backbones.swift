import FoundationEssentials
import Glibc
package import NIOPosix
import Storage
import Synchronization
package import Vision

/// The networks that models are built on: the server's default, and those that projects were given.
package final class Backbones: Sendable {
    private let standard: any FeatureExtractor
    private let folder: BackboneFolder
    private let pool: NIOThreadPool
    /// The one that was used last; a server may have more than fit into memory.
    private let newest = Mutex<(any FeatureExtractor)?>(nil)

    /// - Parameter standard: for projects that were given none.
    package init(standard: any FeatureExtractor, folder: BackboneFolder, pool: NIOThreadPool) {
        self.standard = standard
        self.folder = folder
        self.pool = pool
    }

    /// What models of a project with these settings are built on.
    ///
    /// - Throws: `VisionError` when its file is gone or damaged.
    func extractor(for settings: ProjectSettings) async throws -> any FeatureExtractor {
        guard let name = settings.backbone else { return standard }
        if let known = newest.withLock({ $0 }), known.identifier == name { return known }
        let folder = folder
        let loaded = try await pool.runIfActive { try folder.load(name) }
        newest.withLock { $0 = loaded }
        return loaded
    }
}

/// Backbones as files `SHA256.onnx`, named by what is in them.
package struct BackboneFolder: Sendable {
    /// Bytes of a backbone's file; every model and package carries its weights.
    package static let fileBytesMax = VisionLimits.packageFileBytesMax

    private let path: String

    package init(path: String) { self.path = path }

    private func file(_ name: String) -> String { "\(path)/\(name).onnx" }

    /// Copies a file into the folder, once for the same bytes.
    ///
    /// - Parameters:
    ///   - annotations: written into the copy.
    ///   - runtime: what is to run the backbone.
    /// - Returns: its name.
    /// - Throws: `VisionError` naming the file when it is no backbone, `StorageError`.
    package func add(
        _ source: String, annotations: BackboneAnnotations = BackboneAnnotations(),
        runtime: OnnxRuntime
    ) throws -> String {
        let bytes = try Self.bytes(source, annotations)
        let name = Checksum.sha256(bytes)
        let backbone = try Self.backbone(bytes, identifier: name, file: source)
        try Self.check(backbone, file: source, runtime)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: file(name)) {
            try DurableFile.write(bytes, to: file(name))
        }
        return name
    }

    /// - Throws: `VisionError` telling what to do when the file is gone or damaged.
    package func load(_ name: String) throws(VisionError) -> LearnedBackbone {
        let path = file(name)
        let bytes: Data
        do throws(VisionError) {
            bytes = try Self.bytes(path, BackboneAnnotations())
        } catch {
            throw VisionError(
                .invalidModel,
                "\(error.message) Give the project a backbone again with 'spotter project set'.")
        }
        guard Checksum.sha256(bytes) == name else {
            throw VisionError(
                .invalidModel,
                "The backbone \(path) is damaged: its SHA-256 is not its name. Remove it, and give "
                    + "the project its backbone again with 'spotter project set'.")
        }
        return try Self.backbone(bytes, identifier: name, file: path)
    }

    /// A backbone from anywhere.
    ///
    /// - Parameters:
    ///   - annotations: in place of the file's own.
    ///   - identifier: what models say they were made with; nil takes the SHA-256 of the file with
    ///     the annotations.
    ///   - runtime: what is to run the backbone, and tries it now; nil trusts it.
    /// - Throws: `VisionError` naming the file.
    package static func backbone(
        at path: String, annotations: BackboneAnnotations = BackboneAnnotations(),
        identifier: String? = nil, runtime: OnnxRuntime? = nil
    ) throws(VisionError) -> LearnedBackbone {
        let bytes = try bytes(path, annotations)
        let backbone = try backbone(
            bytes, identifier: identifier ?? Checksum.sha256(bytes), file: path)
        if let runtime { try check(backbone, file: path, runtime) }
        return backbone
    }

    /// Where every backbone of a server and its commands is read.
    private static func backbone(_ bytes: Data, identifier: String, file: String)
        throws(VisionError) -> LearnedBackbone
    {
        do throws(VisionError) {
            return try LearnedBackbone(identifier: identifier, file: bytes)
        } catch {
            throw VisionError(.invalidModel, "\(file): \(error.message)")
        }
    }

    /// Lets the runtime compute the features of one image: a file may be well-formed and still use
    /// what the runtime does not know.
    private static func check(
        _ backbone: LearnedBackbone, file: String, _ runtime: OnnxRuntime
    ) throws(VisionError) {
        do throws(VisionError) {
            try Trainer.check(backbone, runtime: runtime)
        } catch {
            throw VisionError(.invalidModel, "\(file) cannot be used: \(error.message)")
        }
    }

    /// The file's bytes, with `annotations` written into them.
    private static func bytes(_ path: String, _ annotations: BackboneAnnotations)
        throws(VisionError) -> Data
    {
        let unreadable = VisionError(.invalidModel, "The backbone \(path) cannot be read.")
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unreadable
        }
        func check(_ count: Int) throws(VisionError) {
            guard count <= fileBytesMax else {
                throw VisionError(
                    .invalidModel,
                    "The backbone \(path) has \(count) bytes; at most \(fileBytesMax) are allowed.")
            }
        }
        try check(Int(status.st_size))
        guard let bytes = FileManager.default.contents(atPath: path) else { throw unreadable }
        if annotations.isEmpty { return bytes }
        let written: Data
        do throws(VisionError) {
            written = try annotations.written(into: bytes)
        } catch {
            throw VisionError(.invalidModel, "\(path): \(error.message)")
        }
        try check(written.count)
        return written
    }
}
