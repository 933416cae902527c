import FoundationEssentials
import Glibc
import NIOPosix

/// An open file. It stays readable although its version is deleted meanwhile.
private final class ArtifactFile: ArtifactReader {
    private static let pieceBytes = 256 << 10

    let size: Int
    private let file: Int32
    private let path: String
    private let pool: NIOThreadPool

    /// Blocks.
    init?(_ path: String, size: Int, pool: NIOThreadPool) {
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        self.path = path
        self.size = size
        self.pool = pool
    }

    deinit { if file >= 0 { close(file) } }

    func read(_ range: Range<Int>, _ piece: (Data) async throws -> Void) async throws {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceBytes) {
            let count = min(Self.pieceBytes, range.upperBound - start)
            try await piece(try await pool.runIfActive { try self.bytes(at: start, count: count) })
        }
    }

    /// Blocks.
    private func bytes(at offset: Int, count: Int) throws -> Data {
        var bytes = Data(count: count)
        var filled = 0
        while filled < count {
            let more = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    file, buffer.baseAddress.map { $0 + filled }, count - filled, offset + filled)
            }
            if more < 0, errno == EINTR { continue }
            guard more > 0 else { throw RegistryFolder.failure("read", path) }
            filled += more
        }
        return bytes
    }
}

/// Listing, deleting, tagging and handing out artifacts.
extension DirectoryRegistry {
    package func details(_ name: String, version: String) async throws -> ComponentDetails? {
        guard ComponentNames.isName(name), ComponentNames.isVersion(version) else { return nil }
        return try await pool.runIfActive { [folder] in try Self.details(name, version, folder) }
    }

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

    package func delete(_ name: String, version: String) async throws {
        try await pool.runIfActive { [folder] in
            guard ComponentNames.isName(name), ComponentNames.isVersion(version),
                try folder.remove(name, version)
            else { throw ComponentError.missing(name, version) }
        }
    }

    package func changeTags(
        _ name: String, version: String, adding added: [String: String],
        removing removed: [String]
    ) async throws {
        try await pool.runIfActive { [folder] in
            guard ComponentNames.isName(name), ComponentNames.isVersion(version) else {
                throw ComponentError.missing(name, version)
            }
            let changed = try folder.update(name, version) { record in
                try record.changeTags(adding: added, removing: removed)
            }
            if changed == nil { throw ComponentError.missing(name, version) }
        }
    }

    package func artifact(_ name: String, version: String, _ artifact: String) async throws
        -> (any ArtifactReader)?
    {
        guard let details = try await details(name, version: version),
            let found = details.artifacts.named(artifact)
        else { return nil }
        return try await pool.runIfActive { [folder, pool] in
            ArtifactFile(
                "\(folder.artifactsPath(name, version))/\(found.file)", size: found.size,
                pool: pool)
        }
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
