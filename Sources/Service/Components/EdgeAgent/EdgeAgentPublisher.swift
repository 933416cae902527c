import Base
import FoundationEssentials
package import NIOPosix
package import Storage
import Vision
import Wire

/// Makes the agent's own component from a bundle of its files and registers it.
package struct EdgeAgentPublisher: Sendable {
    /// Bytes of one file of a bundle, and files; ONNX Runtime with CUDA has about 400 MB.
    private static let fileBytesMax = 512 << 20
    private static let filesMax = 200
    private static let stem = "spotter-edge"

    private let objects: any ObjectStore
    private let registry: any ComponentRegistry
    private let pool: NIOThreadPool
    private let temporaryDirectory: String

    /// - Parameters:
    ///   - objects: where the archive is uploaded, and where `registry` reads artifacts.
    ///   - temporaryDirectory: for the archive on its way, as large as the bundle.
    package init(
        objects: any ObjectStore, registry: any ComponentRegistry, pool: NIOThreadPool,
        temporaryDirectory: String
    ) {
        self.objects = objects
        self.registry = registry
        self.pool = pool
        self.temporaryDirectory = temporaryDirectory
    }

    /// Where in its bucket the archive of a version lies.
    static func archiveKey(_ name: String, _ version: String) -> String {
        "\(name)/\(version)/\(stem).zip"
    }

    /// Packs the bundle, uploads it and registers the component, unless a version with the same
    /// content is registered already.
    ///
    /// - Parameters:
    ///   - bundle: folder that `make edge-agent` made.
    ///   - architecture: `amd64` or `aarch64`.
    ///   - bucket: for the archive; made when it is missing.
    ///   - name: of the component, as the operator gave it; `version` likewise.
    /// - Throws: `ComponentError` for a name or a version that no component can have, when the
    ///   bundle is not whole or is for another processor, and when the version exists with other
    ///   content; `StorageError`.
    package func publish(
        bundle: String, architecture: String, name: String, version: String, bucket: String
    ) async throws -> RegisteredComponent {
        let names = [
            "ComponentName": JSONValue.string(name), "ComponentVersion": .string(version),
        ]
        guard let name = ComponentName(name), let version = ComponentVersion(version) else {
            throw ComponentError.invalidRecipe(RecipeRules.identity(names))
        }
        let folder = "\(Self.stem)-\(version)-\(architecture)"
        let archive = "\(temporaryDirectory)/\(UUID.random().uuidString).zip"
        defer { try? FileManager.default.removeItem(atPath: archive) }
        let checksum = try await pool.runIfActive {
            let files = try Self.files(of: bundle, in: folder, architecture)
            try PackageArchive.write(
                files, to: archive, isCompressed: true,
                executables: ["\(folder)/bin/\(EdgeAgentComponent.executable)"])
            return Checksum.sha256(try Data(contentsOf: URL(filePath: archive)))
        }
        if try await !objects.bucketExists(bucket) { try await objects.createBucket(bucket) }
        let location = ObjectLocation(
            bucket: bucket, key: Self.archiveKey("\(name)", "\(version)"))
        if let known = try await published(name, version, checksum) { return known }
        try await objects.put(.file(path: archive), at: location)
        let recipe = try ComponentRecipe.edgeAgent(
            name: name, version: version, architecture: architecture, folder: folder,
            archive: location)
        do {
            // A token of its own each time: one of an earlier call would be answered with a
            // component that may have been deleted since.
            return try await registry.createComponentVersion(
                recipe, tags: [:],
                clientToken: "\(Self.mark(checksum))-\(UUID.random().uuidString.lowercased())",
                localFiles: [location: archive])
        } catch let error as ComponentError where error.code == .alreadyExists {
            // Somebody published it at the same time.
            guard let known = try await published(name, version, checksum) else { throw error }
            return known
        }
    }

    /// What the token of a component begins with that holds this bundle. With a UUID it has the 64
    /// characters of a client token.
    private static func mark(_ checksum: String) -> String { String(checksum.prefix(27)) }

    /// - Throws: `alreadyExists` for a version with other content.
    private func published(_ name: ComponentName, _ version: ComponentVersion, _ checksum: String)
        async throws -> RegisteredComponent?
    {
        guard let existing = try await registry.component(name, version: version) else {
            return nil
        }
        guard existing.clientToken.hasPrefix(Self.mark(checksum)) else {
            throw ComponentError(
                .alreadyExists,
                "\(name) \(version) exists with other content, and what a version holds never "
                    + "changes. Publish with a higher --component-version.")
        }
        return existing
    }

    private static func files(of bundle: String, in folder: String, _ architecture: String) throws
        -> [(name: String, bytes: Data)]
    {
        let needed = ["bin/\(EdgeAgentComponent.executable)", "lib/spotter/libonnxruntime.so"]
        for path in needed {
            let found = try machine(of: "\(bundle)/\(path)")
            guard found == architecture else {
                throw ComponentError(
                    .artifactUnavailable,
                    "\(bundle)/\(path) is for \(found ?? "no known processor"), not for "
                        + "\(architecture). Make the bundle on a machine of that kind: make "
                        + "edge-agent.")
            }
        }
        let paths = try FileManager.default.subpathsOfDirectory(atPath: bundle).sorted()
        guard paths.count <= filesMax else {
            throw ComponentError(
                .artifactUnavailable, "\(bundle) has \(paths.count) files; that is not a bundle.")
        }
        return try paths.compactMap { path in
            var isDirectory = false
            let full = "\(bundle)/\(path)"
            guard FileManager.default.fileExists(atPath: full, isDirectory: &isDirectory),
                !isDirectory
            else { return nil }
            let bytes = try Data(contentsOf: URL(filePath: full))
            guard bytes.count <= fileBytesMax else {
                throw ComponentError(.artifactUnavailable, "\(full) is too large for a bundle.")
            }
            return ("\(folder)/\(path)", bytes)
        }
    }

    /// The processor that an ELF file is for; nil for another one, by `e_machine`.
    private static func machine(of path: String) throws -> String? {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ComponentError(
                .artifactUnavailable,
                "\(path) is missing. Make the bundle with 'make edge-agent', or name one with "
                    + "--bundle.")
        }
        guard bytes.count > 20, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { return nil }
        switch UInt16(bytes[18]) | UInt16(bytes[19]) << 8 {
        case 62: return "amd64"
        case 183: return "aarch64"
        default: return nil
        }
    }
}
