import Base
package import FoundationEssentials
package import Vision

/// Files of the checkout that tests use.
package enum Checkout {
    /// The folder with Package.swift.
    package static let root = #filePath.components(droppingLast: 3)

    /// The folder of real images, beside the checkout, that only some machines have; nil elsewhere.
    package static let shared: String? = {
        let path = root.components(droppingLast: 1) + "/shared"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// The bytes of a file of the checkout.
    ///
    /// - Parameter path: from the folder with Package.swift.
    /// - Throws: Foundation's error, if it cannot be read.
    package static func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(root)/\(path)"))
    }

    /// One runtime for all tests of a process: loading it takes longer than most tests.
    package static let runtime: Result<OnnxRuntime, VisionError> = Result {
        () throws(VisionError) in
        try OnnxRuntime(library: "\(root)/.deps/lib/spotter/libonnxruntime.so")
    }

    /// The backbone that comes with Spotter; its 6.5 MiB are read once for all tests of a process.
    ///
    /// - Throws: Foundation's error or `VisionError`, if the file cannot be read.
    package static func backbone() throws -> LearnedBackbone { try standardBackbone.get() }

    /// Whether `scripts/setup` could fetch EfficientNet-Lite0.
    package static var hasPhotographsBackbone: Bool {
        FileManager.default.fileExists(atPath: "\(root)/\(photographsBackbonePath)")
    }

    /// The ONNX file of EfficientNet-Lite0.
    ///
    /// - Throws: Foundation's error, if it cannot be read.
    package static func photographsBackboneBytes() throws -> Data {
        try bytes(photographsBackbonePath)
    }

    private static let photographsBackbonePath = ".deps/share/spotter/backbone-lite0.onnx"

    private static let standardBackbone = Result {
        try LearnedBackbone(
            identifier: "backbone-e1", file: bytes("share/spotter/backbone-e1.onnx"))
    }
}

extension String {
    fileprivate func components(droppingLast count: Int) -> String {
        split(separator: "/", omittingEmptySubsequences: false).dropLast(count)
            .joined(separator: "/")
    }
}

/// A new, empty folder that is removed with the last reference to it.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without a slash at its end.
    package let path: String

    /// - Throws: Foundation's error, if the folder cannot be made.
    package init() throws {
        path = FileManager.default.temporaryDirectory.path() + "/spotter-\(UUID.random().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
