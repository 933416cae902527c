package import FoundationEssentials
package import Vision

/// Files of the checkout that tests use.
package enum Checkout {
    /// The folder with Package.swift.
    package static let root = #filePath.components(droppingLast: 3)

    /// Real images that only some machines have; nil elsewhere.
    package static let shared: String? = {
        let path = root.components(droppingLast: 1) + "/shared"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    package static func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(root)/\(path)"))
    }

    /// One runtime for all tests of a process.
    package static let runtime: Result<OnnxRuntime, VisionError> = Result {
        () throws(VisionError) in
        try OnnxRuntime(library: "\(root)/.deps/lib/spotter/libonnxruntime.so")
    }

    package static func backbone() throws -> LearnedBackbone {
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

/// A folder that goes when the test does.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.path() + "/spotter-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
