package import Access
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

    /// - Parameter objects: where the artifacts of recipes are read from.
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

    /// Removes what a crash left. For the server at its start; other processes may be using the
    /// registry.
    package func tidy() throws {
        try folder.tidy(tokensBefore: now().addingTimeInterval(-Limits.clientTokenSeconds))
    }

    package func component(_ name: String, version: String) async throws -> ComponentVersion? {
        guard ComponentNames.isName(name), ComponentNames.isVersion(version) else { return nil }
        return try await pool.runIfActive { [folder] in
            try folder.record(name, version)?.component
        }
    }

    package func validated(_ recipe: Data) async throws -> RecipeDocument {
        try await pool.runIfActive { try RecipeDocument(validating: recipe) }
    }

    package func createComponentVersion(
        recipe: Data, tags: [String: String], clientToken: String
    ) async throws -> ComponentVersion {
        let folder = folder
        var document = try await validated(recipe)
        let call = ComponentCall(document, recipe: recipe, tags: tags, clientToken: clientToken)
        if let known = try await pool.runIfActive({ try self.outcome(of: call) }) {
            return known.component
        }
        try call.checkTags()
        let staging = try await pool.runIfActive { try folder.staging() }
        do {
            let artifacts = try await ArtifactStager(objects: objects, pool: pool).stage(
                &document, in: StagingFolderDestination(folder: staging, pool: pool))
            let record = call.record(artifacts, now: now(), arns: arns)
            let complete = try document.json()
            return try await pool.runIfActive {
                defer { staging.discard() }
                return try folder.commit(
                    record, recipe: complete, artifacts.isEmpty ? nil : staging,
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
