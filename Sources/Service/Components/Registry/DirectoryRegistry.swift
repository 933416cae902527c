package import Access
package import Base
package import FoundationEssentials
package import NIOPosix
package import Storage

/// The embedded registry, in a directory (`RegistryFolder`).
package final class DirectoryRegistry: ComponentCatalogue {
    let folder: RegistryFolder
    let pool: NIOThreadPool
    private let objects: any ObjectStore
    private let arns: ARNs
    private let now: @Sendable () -> Date

    /// Makes the folders that are missing.
    ///
    /// - Parameter objects: where the artifacts of recipes are read from.
    /// - Throws: what the file system reports, for a folder that cannot be made.
    package init(
        root: String, objects: any ObjectStore, arns: ARNs, pool: NIOThreadPool,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws {
        folder = try RegistryFolder(root: root)
        self.objects = objects
        self.arns = arns
        self.pool = pool
        self.now = now
    }

    /// Removes what a crash left, and tokens older than `Limits.clientTokenSeconds`. The server
    /// calls it at its start; other processes may be using the registry.
    ///
    /// - Throws: `StorageError.unavailable` when a file cannot be removed or the lock not be taken.
    package func tidy() throws {
        try folder.tidy(tokensBefore: now().addingTimeInterval(-Limits.clientTokenSeconds))
    }

    /// Reads the record from disk. Never sees a version that is half made or half deleted.
    package func component(_ name: ComponentName, version: ComponentVersion) async throws
        -> RegisteredComponent?
    {
        return try await pool.runIfActive { [folder] in
            try folder.record(name, version)?.component
        }
    }

    /// Copies the artifacts into a folder of their own, and commits them with recipe and record
    /// under the registry's lock, which no other process holds meanwhile.
    package func createComponentVersion(
        _ recipe: RecipeDocument, tags: [String: String], clientToken: String,
        localFiles: [ObjectLocation: String]
    ) async throws -> RegisteredComponent {
        let folder = folder
        let call = ComponentCall(recipe, tags: tags, clientToken: clientToken)
        if let known = try await pool.runIfActive({ try self.outcome(of: call) }) {
            return known.component
        }
        try call.checkTags()
        let staging = try await pool.runIfActive { try folder.staging() }
        do {
            let (complete, artifacts) = try await ArtifactStager(
                objects: objects, pool: pool, localFiles: localFiles
            ).stage(recipe, in: StagingFolderDestination(folder: staging, pool: pool))
            let record = call.record(artifacts, now: now(), arns: arns)
            let bytes = try complete.json()
            return try await pool.runIfActive {
                defer { staging.discard() }
                return try folder.commit(
                    record, recipe: bytes, artifacts.isEmpty ? nil : staging,
                    unless: { try self.outcome(of: call) }
                ).component
            }
        } catch {
            await pool.runAnyway { staging.discard() }
            throw error
        }
    }

    /// Blocks.
    private func outcome(of call: ComponentCall) throws -> ComponentRecord? {
        try call.outcome(
            answer: try folder.answer(to: call.token),
            existing: { try folder.record(call.name, call.version) }, now: now(), arns: arns)
    }
}
