package import Access
package import FoundationEssentials
package import NIOPosix
package import Storage

/// The embedded registry, in a directory (`RegistryFolder`).
package final class DirectoryRegistry: ComponentRegistry {
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

    /// Reads a recipe without registering anything.
    ///
    /// - Throws: `invalidRecipe`.
    func validated(_ recipe: Data) async throws -> RecipeDocument {
        try await pool.runIfActive { try RecipeDocument(validating: recipe) }
    }

    package func createComponentVersion(
        recipe: Data, tags: [String: String], clientToken: String
    ) async throws -> ComponentVersion {
        let folder = folder
        var document = try await validated(recipe)
        let (name, version) = (document.name, document.version)
        let call = Call(
            token: clientToken, fingerprint: Self.fingerprint(recipe, tags), name: name,
            version: version)
        if let known = try await pool.runIfActive({ try self.outcome(of: call) }) {
            return known.component
        }
        guard tags.count <= Limits.tagsMax else { throw Self.tooManyTags(tags.count) }
        let staging = try await pool.runIfActive { try folder.staging() }
        do {
            let artifacts = try await ArtifactStager(objects: objects, pool: pool).stage(
                &document, in: staging)
            let record = ComponentRecord(
                ComponentVersion(
                    arn: arns.componentVersion(name, version), name: name, version: version,
                    state: "DEPLOYABLE", tags: tags, clientToken: clientToken, created: now()),
                artifacts: artifacts, fingerprint: call.fingerprint)
            let complete = try document.json()
            return try await pool.runIfActive {
                defer { staging.discard() }
                return try folder.commit(
                    record, recipe: complete, artifacts.isEmpty ? nil : staging,
                    unless: { try self.outcome(of: call) }
                ).component
            }
        } catch {
            // Not to be cut short by a cancellation, which may be why we are here.
            await withCheckedContinuation { continuation in
                pool.submit { _ in
                    staging.discard()
                    continuation.resume()
                }
            }
            throw error
        }
    }

    /// One call as far as its outcome may be known already.
    private struct Call {
        let token: String
        let fingerprint: String
        let name: String
        let version: String
    }

    /// What an earlier call has made of this one. Blocks.
    ///
    /// - Returns: nil when there is everything to be done.
    private func outcome(of call: Call) throws -> ComponentRecord? {
        let oldest = now().addingTimeInterval(-Limits.clientTokenSeconds)
        if let answer = try folder.answer(to: call.token), answer.created > oldest {
            guard answer.fingerprint == call.fingerprint else {
                throw ComponentError(
                    .tokenReused,
                    "The client token was used for another component version with other content: "
                        + "[\(answer.name) : \(answer.version)].")
            }
            return answer
        }
        guard let existing = try folder.record(call.name, call.version) else { return nil }
        // A server that died before it kept the token's answer.
        let isSame = existing.fingerprint ?? call.fingerprint == call.fingerprint
        if existing.clientToken == call.token, isSame, existing.created > oldest {
            return existing
        }
        throw ComponentError(
            .alreadyExists,
            "Component [\(call.name) : \(call.version)] for account [\(arns.account)] already "
                + "exists with state: [\(existing.state)]")
    }

    private static func fingerprint(_ recipe: Data, _ tags: [String: String]) -> String {
        let parts = tags.sorted { $0.key < $1.key }.flatMap {
            [Data($0.key.utf8), Data($0.value.utf8)]
        }
        return Fingerprint.of([recipe] + parts)
    }

    static func tooManyTags(_ count: Int) -> ComponentError {
        ComponentError(
            .tooManyTags,
            "A component version keeps at most \(Limits.tagsMax) tags; it would have \(count).")
    }
}
