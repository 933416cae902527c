import FoundationEssentials
import Glibc
import NIOPosix

/// A version with its recipe.
package struct ComponentDetails: Sendable {
    package let component: ComponentVersion
    package let recipe: RecipeDocument
    /// Files in the registry.
    package let artifacts: [RegistryArtifact]
}

/// An open artifact. It stays readable although its version is deleted meanwhile.
package final class ArtifactReader: Sendable {
    /// Bytes.
    package let size: Int
    private let file: Int32
    private let path: String
    private let pool: NIOThreadPool

    /// Blocks.
    fileprivate init?(_ path: String, size: Int, pool: NIOThreadPool) {
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        self.path = path
        self.size = size
        self.pool = pool
    }

    deinit { if file >= 0 { close(file) } }

    /// `count` bytes from `offset`.
    ///
    /// - Throws: `StorageError.unavailable`, also when the file ends before.
    package func read(offset: Int, count: Int) async throws -> [UInt8] {
        try await pool.runIfActive {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let more = bytes.withUnsafeMutableBytes { buffer in
                    pread(
                        self.file, buffer.baseAddress.map { $0 + filled }, count - filled,
                        offset + filled)
                }
                if more < 0, errno == EINTR { continue }
                guard more > 0 else { throw RegistryFolder.failure("read", self.path) }
                filled += more
            }
            return bytes
        }
    }
}

/// What only the embedded registry does: lists, deletes, tags and hands out artifacts.
extension DirectoryRegistry {
    /// - Returns: nil when there is no such version.
    package func details(_ name: String, version: String) async throws -> ComponentDetails? {
        guard ComponentNames.isName(name), ComponentNames.isVersion(version) else { return nil }
        return try await pool.runIfActive { [folder] in try Self.details(name, version, folder) }
    }

    /// The newest version of each component.
    ///
    /// - Parameters:
    ///   - name: components after this one, in the order of their names; nil for the first.
    ///   - limit: at most so many.
    package func newest(after name: String?, limit: Int) async throws -> [ComponentDetails] {
        try await pool.runIfActive { [folder] in
            var found: [ComponentDetails] = []
            for next in folder.names() where name.map({ $0 < next }) ?? true {
                guard found.count < limit else { break }
                guard let version = folder.versions(of: next).first,
                    let details = try Self.details(next, version, folder)
                else { continue }
                found.append(details)
            }
            return found
        }
    }

    /// Versions of a component, the newest first; none when there is no such component.
    ///
    /// - Parameter version: versions older than this one; nil for all.
    package func versions(of name: String, before version: String?, limit: Int) async throws
        -> [String]
    {
        guard ComponentNames.isName(name) else { return [] }
        return try await pool.runIfActive { [folder] in
            let older = folder.versions(of: name).filter { candidate in
                version.map { ComponentNames.precedes(candidate, $0) } ?? true
            }
            return Array(older.prefix(limit))
        }
    }

    /// - Throws: `notFound`.
    package func delete(_ name: String, version: String) async throws {
        try await pool.runIfActive { [folder] in
            guard ComponentNames.isName(name), ComponentNames.isVersion(version),
                try folder.remove(name, version)
            else { throw Self.missing(name, version) }
        }
    }

    /// Adds and removes tags; a known key gets the new value.
    ///
    /// - Throws: `notFound`, `tooManyTags`.
    package func changeTags(
        _ name: String, version: String, adding added: [String: String] = [:],
        removing removed: [String] = []
    ) async throws {
        try await pool.runIfActive { [folder] in
            guard ComponentNames.isName(name), ComponentNames.isVersion(version) else {
                throw Self.missing(name, version)
            }
            let changed = try folder.update(name, version) { record in
                record.tags.merge(added) { $1 }
                for key in removed { record.tags[key] = nil }
                guard record.tags.count <= Limits.tagsMax else {
                    throw Self.tooManyTags(record.tags.count)
                }
            }
            if changed == nil { throw Self.missing(name, version) }
        }
    }

    /// Opens an artifact.
    ///
    /// - Parameter artifact: the artifact's URI without its scheme, or its file's name.
    /// - Returns: nil when the version has no such artifact.
    package func artifact(_ name: String, version: String, _ artifact: String) async throws
        -> ArtifactReader?
    {
        guard let details = try await details(name, version: version) else { return nil }
        let found =
            details.artifacts.first { $0.uri == "s3://\(artifact)" }
            ?? details.artifacts.first { $0.file == artifact }
        guard let found else { return nil }
        return try await pool.runIfActive { [folder, pool] in
            ArtifactReader(
                "\(folder.artifactsPath(name, version))/\(found.file)", size: found.size,
                pool: pool)
        }
    }

    static func missing(_ name: String, _ version: String) -> ComponentError {
        ComponentError(.notFound, "Component [\(name) : \(version)] does not exist")
    }

    /// Blocks.
    private static func details(_ name: String, _ version: String, _ folder: RegistryFolder) throws
        -> ComponentDetails?
    {
        guard let record = try folder.record(name, version),
            let recipe = try folder.recipe(name, version)
        else { return nil }
        return ComponentDetails(
            component: record.component, recipe: recipe,
            artifacts: record.artifacts ?? derived(recipe, folder.artifactsPath(name, version)))
    }

    /// The files of a version whose record does not list them.
    private static func derived(_ recipe: RecipeDocument, _ path: String) -> [RegistryArtifact] {
        recipe.artifacts.compactMap { artifact in
            guard let file = artifact.fileName,
                let attributes = try? FileManager.default.attributesOfItem(
                    atPath: "\(path)/\(file)"), let size = attributes[.size] as? Int
            else { return nil }
            return RegistryArtifact(uri: artifact.uri, file: file, digest: "", size: size)
        }
    }
}
