import Base
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

    /// ONNX file of the backbone that comes with Spotter.
    package let backbonePath: String
    /// ONNX Runtime's library.
    package let runtimePath: String

    /// Looks in the folder of `executable` and all folders above it.
    ///
    /// - Parameter environment: `SPOTTER_ONNX_RUNTIME` is read.
    /// - Throws: `AdministrationError` for a missing backbone, `runtimeUnavailable` for a missing
    ///   library, with what to do.
    package static func find(
        from executable: String = InstalledFile.executable, environment: [String: String]
    ) throws -> Installation {
        let backbone = "share/spotter/\(backboneName).onnx"
        guard let backbonePath = InstalledFile.find([backbone], above: executable) else {
            throw AdministrationError(
                "\(backbone) was found neither beside \(executable) nor in a folder above it. "
                    + "Install Spotter with 'make install', or run it from its checkout.")
        }
        return Installation(
            backbonePath: backbonePath,
            runtimePath: try OnnxRuntime.find(above: executable, environment: environment))
    }

    /// The agent's files for `architecture`, as `make edge-agent` and `make install` lay them.
    ///
    /// - Parameter architecture: as Greengrass names it, `amd64` or `aarch64`.
    /// - Throws: `AdministrationError` when there is no such bundle.
    package static func edgeAgentBundle(
        _ architecture: String, from executable: String = InstalledFile.executable
    ) throws -> String {
        let folder = "edge-agent/\(architecture)"
        guard
            let bundle = InstalledFile.find(["lib/spotter/\(folder)", folder], above: executable)
        else {
            throw AdministrationError(
                "There is no bundle of the agent for \(architecture). Run 'make edge-agent' on a "
                    + "machine with that processor, or give its folder with --bundle.")
        }
        return bundle
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
}
