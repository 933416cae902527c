package import Base
import FoundationEssentials
import Glibc
import NIOPosix
import SystemPackage

/// An open file. It stays readable although its version is deleted meanwhile.
private final class ArtifactFile: ArtifactReader {
    private static let pieceBytes = 256 << 10

    let size: Int
    private let file: OpenFile
    private let pool: NIOThreadPool

    /// Blocks.
    init?(_ path: String, size: Int, pool: NIOThreadPool) {
        guard let file = try? OpenFile.opening(path, .readOnly, []) else { return nil }
        self.file = file
        self.size = size
        self.pool = pool
    }

    func read(_ range: Range<Int>, _ piece: (Data) async throws -> Void) async throws {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceBytes) {
            let count = min(Self.pieceBytes, range.upperBound - start)
            try await piece(try await pool.runIfActive { try self.bytes(at: start, count: count) })
        }
    }

    /// Blocks.
    private func bytes(at offset: Int, count: Int) throws -> Data {
        let bytes = try file.bytes(at: offset, count: count)
        guard bytes.count == count else { throw FileError("read", file.path, .ioError) }
        return bytes
    }
}

/// Listing, deleting, tagging and handing out artifacts.
extension DirectoryRegistry {
    /// Reads record and recipe. A version whose record does not list its files gets those that are
    /// on disk, with empty digests.
    package func details(_ name: ComponentName, version: ComponentVersion) async throws
        -> ComponentDetails?
    {
        return try await pool.runIfActive { [folder] in try Self.details(name, version, folder) }
    }

    /// Reads the folder of components, which takes longer with every component there is.
    package func newest(after name: ComponentName?, limit: Int) async throws -> [ComponentDetails] {
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

    /// The names of the record files, sorted as versions.
    package func versions(of name: ComponentName, before version: ComponentVersion?, limit: Int)
        async throws -> [ComponentVersion]
    {
        try await pool.runIfActive { [folder] in
            let older = folder.versions(of: name).filter { candidate in
                version.map { candidate < $0 } ?? true
            }
            return Array(older.prefix(limit))
        }
    }

    /// Removes the record first, so that a version that is half removed after a crash is gone;
    /// `tidy` removes the rest.
    package func delete(_ name: ComponentName, version: ComponentVersion) async throws {
        try await pool.runIfActive { [folder] in
            guard try folder.remove(name, version) else {
                throw ComponentError.missing(name, version)
            }
        }
    }

    /// Rewrites the record under the registry's lock, so that two callers lose nothing.
    package func changeTags(
        _ name: ComponentName, version: ComponentVersion, adding added: [String: String],
        removing removed: [String]
    ) async throws {
        try await pool.runIfActive { [folder] in
            let changed = try folder.update(name, version) { record in
                try record.changeTags(adding: added, removing: removed)
            }
            if changed == nil { throw ComponentError.missing(name, version) }
        }
    }

    /// The file stays open, and so readable, until the reader goes.
    package func artifact(_ name: ComponentName, version: ComponentVersion, _ artifact: String)
        async throws -> (any ArtifactReader)?
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
    private static func details(
        _ name: ComponentName, _ version: ComponentVersion, _ folder: RegistryFolder
    ) throws -> ComponentDetails? {
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
