import FoundationEssentials
import Service
package import Vision

/// Where the files that come with Spotter lie.
///
/// A folder that holds them has `share/spotter` (weights) and `lib/spotter` or `.deps/lib/spotter`
/// (ONNX Runtime): an installation's prefix or a checkout.
package struct Installation: Sendable {
    private static let backboneName = "backbone-e1"
    private static let alternativeNames = ["backbone-d3"]

    package let backbonePath: String
    package let runtimePath: String

    /// Looks in the folder of `executable` and all folders above it.
    ///
    /// - Parameter runtime: a path to ONNX Runtime's library that goes before all others.
    /// - Throws: `AdministrationError` telling what is missing and how to get it.
    package static func find(from executable: String, runtime: String?) throws -> Installation {
        let folders = ancestors(of: executable)
        let backbone = "share/spotter/\(backboneName).onnx"
        guard let backbonePath = first(folders.map { "\($0)/\(backbone)" }) else {
            throw AdministrationError(
                "\(backbone) was found neither beside \(executable) nor in a folder above it. "
                    + "Install Spotter with 'make install', or run it from its checkout.")
        }
        let library = "lib/spotter/libonnxruntime.so"
        let candidates =
            runtime.map { [$0] }
            ?? folders.flatMap { ["\($0)/\(library)", "\($0)/.deps/\(library)"] }
        guard let runtimePath = first(candidates) else {
            throw AdministrationError(
                "ONNX Runtime's library was not found\(runtime.map { " at \($0)" } ?? ""). "
                    + "Run scripts/setup, which puts it under .deps/, or set SPOTTER_ONNX_RUNTIME "
                    + "to the path of libonnxruntime.so.")
        }
        return Installation(backbonePath: backbonePath, runtimePath: runtimePath)
    }

    /// The agent's files for `architecture`, as `make edge-agent` and `make install` lay them.
    package static func edgeAgentBundle(_ architecture: String, from executable: String) throws
        -> String
    {
        let candidates = ancestors(of: executable).flatMap {
            ["\($0)/lib/spotter/edge-agent/\(architecture)", "\($0)/edge-agent/\(architecture)"]
        }
        guard let bundle = first(candidates) else {
            throw AdministrationError(
                "There is no bundle of the agent for \(architecture). Run 'make edge-agent' on a "
                    + "machine with that processor, or give its folder with --bundle.")
        }
        return bundle
    }

    package static var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments.first ?? "spotter"
    }

    /// The backbone that comes with Spotter, and the earlier one as its alternative where it lies
    /// beside it.
    package func backbone() throws -> LearnedBackbone {
        var backbone = try BackboneSource.backbone(
            at: backbonePath, identifier: Self.backboneName)
        let folder = URL(filePath: backbonePath).deletingLastPathComponent()
        backbone.alternatives = try Self.alternativeNames.compactMap { name in
            let path = folder.appending(path: "\(name).onnx").path()
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return try BackboneSource.backbone(at: path, identifier: name)
        }
        return backbone
    }

    private static func ancestors(of path: String) -> [String] {
        var folders: [String] = []
        var rest = path
        while let slash = rest.lastIndex(of: "/") {
            rest = String(rest[..<slash])
            folders.append(rest)
        }
        return folders
    }

    private static func first(_ paths: [String]) -> String? {
        paths.first { FileManager.default.fileExists(atPath: $0) }
    }
}
