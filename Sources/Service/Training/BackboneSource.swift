import Base
package import FoundationEssentials
import Glibc
package import Vision

/// A backbone's file that somebody gave: read, and tried by the runtime.
package struct BackboneSource: Sendable {
    /// Bytes of a backbone's file; every model and package carries its weights.
    package static let bytesMax = VisionLimits.packageFileBytesMax

    /// With the annotations written into them.
    package let bytes: Data
    /// SHA-256 of the bytes.
    package let name: String

    /// - Parameters:
    ///   - annotations: in place of the file's own.
    ///   - runtime: what is to run the backbone.
    /// - Throws: `VisionError` naming the file when it is no backbone.
    package init(
        _ path: String, annotations: BackboneAnnotations = BackboneAnnotations(),
        runtime: OnnxRuntime
    ) throws(VisionError) {
        bytes = try Self.bytes(path, annotations)
        name = Checksum.sha256(bytes)
        try Self.check(
            try Self.backbone(bytes, identifier: name, file: path), file: path, runtime)
    }

    /// A backbone to work with.
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
    static func backbone(_ bytes: Data, identifier: String, file: String)
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
    static func bytes(_ path: String, _ annotations: BackboneAnnotations = BackboneAnnotations())
        throws(VisionError) -> Data
    {
        let unreadable = VisionError(.invalidModel, "The backbone \(path) cannot be read.")
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unreadable
        }
        func check(_ count: Int) throws(VisionError) {
            guard count <= bytesMax else {
                throw VisionError(
                    .invalidModel,
                    "The backbone \(path) has \(count) bytes; at most \(bytesMax) are allowed.")
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
