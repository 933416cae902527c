import Base
import FoundationEssentials
import NIOPosix
package import Storage

/// A version of a registry in a directory, as a registry of several servers has it: the row, and
/// which files become which objects of the state bucket.
package struct MovedComponent: Sendable {
    /// The row, whose record names `artifacts`.
    package let row: ComponentRow
    /// Where each file is, and under which key of the state bucket it is to be.
    package let artifacts: [(path: String, key: String)]
}

extension DirectoryRegistry {
    /// In the place of the UUID that a version made there would have. Always the same, so that a
    /// move that is repeated writes the same objects.
    private static let movedFolder = "moved"

    /// Calls `body` with each version, in the order of the components' names.
    ///
    /// - Throws: what `body` throws, and `StorageError` when files cannot be read.
    package func forEachMoved(_ body: (MovedComponent) async throws -> Void) async throws {
        for name in try await pool.runIfActive({ [folder] in folder.names() }) {
            for version in try await versions(of: name, before: nil, limit: .max) {
                if let moved = try await moved(name, version) { try await body(moved) }
            }
        }
    }

    private func moved(_ name: ComponentName, _ version: ComponentVersion) async throws
        -> MovedComponent?
    {
        guard let details = try await details(name, version: version),
            var record = try await pool.runIfActive({ [folder] in
                try folder.record(name, version)
            })
        else { return nil }
        record.folder = Self.movedFolder
        record.artifacts = details.artifacts
        let path = folder.artifactsPath(name, version)
        let prefix = try StoredRegistry.prefix(name, version, folder: Self.movedFolder)
        // Two artifacts of a recipe may be one file.
        let files = Set(details.artifacts.map(\.file)).sorted()
        return MovedComponent(
            row: try StoredRegistry.row(record, recipe: try details.recipe.json()),
            artifacts: files.map { ("\(path)/\($0)", "\(prefix)/\($0)") })
    }
}
