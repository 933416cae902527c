import Base
import FoundationEssentials
import Service
package import Vision

/// Where the files that come with Spotter lie.
///
/// A folder that holds them has `share/spotter` (weights) and `lib/spotter` or `.deps/lib/spotter`
/// (ONNX Runtime): an installation's prefix or a checkout. What `scripts/setup` converts lies in
/// `share/spotter` of the prefix and `.deps/share/spotter` of a checkout.
package struct Installation: Sendable {
    private static let photographsName = "backbone-lite0"
    private static let ownName = "backbone-e1"
    private static let alternativeNames = ["backbone-d3"]

    /// ONNX file of the backbone that comes with Spotter, learned from drawn pictures.
    package let ownBackbonePath: String
    /// ONNX file of EfficientNet-Lite0, learned from photographs; nil where `scripts/setup` could
    /// not fetch it.
    package let photographsBackbonePath: String?
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
        let backbone = "share/spotter/\(ownName).onnx"
        guard let backbonePath = InstalledFile.find([backbone], above: executable) else {
            throw AdministrationError(
                "\(backbone) was found neither beside \(executable) nor in a folder above it. "
                    + "Install Spotter with 'make install', or run it from its checkout.")
        }
        let photographs = "share/spotter/\(photographsName).onnx"
        return Installation(
            ownBackbonePath: backbonePath,
            photographsBackbonePath: InstalledFile.find(
                [photographs, ".deps/\(photographs)"], above: executable),
            runtimePath: try OnnxRuntime.find(above: executable, environment: environment))
    }

    /// The folder of the console's pages; nil where it was not installed.
    package static func consoleFolder(
        from executable: String = InstalledFile.executable
    ) -> String? {
        InstalledFile.find(["share/spotter/console"], above: executable)
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

    /// The file of a backbone.
    package func path(of choice: BackboneChoice) -> String {
        switch choice {
        case .standard: photographsBackbonePath ?? ownBackbonePath
        case .own: ownBackbonePath
        case .file(let file): file.path
        }
    }

    /// Reads a backbone.
    ///
    /// - Parameter runtime: Tries a file that was given on an image; nil only reads it.
    /// - Throws: `VisionError` naming a file that cannot be a backbone.
    package func backbone(_ choice: BackboneChoice, runtime: OnnxRuntime? = nil) throws
        -> LearnedBackbone
    {
        switch choice {
        case .file(let file):
            return try file.load(runtime: runtime)
        case .standard:
            guard let photographsBackbonePath else { return try own() }
            return try BackboneSource.backbone(
                at: photographsBackbonePath, identifier: Self.photographsName)
        case .own:
            return try own()
        }
    }

    /// The backbone that comes with Spotter, and the earlier one as its alternative where it lies
    /// beside it.
    private func own() throws -> LearnedBackbone {
        var backbone = try BackboneSource.backbone(
            at: ownBackbonePath, identifier: Self.ownName)
        let folder = URL(filePath: ownBackbonePath).deletingLastPathComponent()
        backbone.alternatives = try Self.alternativeNames.compactMap { name in
            let path = folder.appending(path: "\(name).onnx").path()
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return try BackboneSource.backbone(at: path, identifier: name)
        }
        return backbone
    }
}
