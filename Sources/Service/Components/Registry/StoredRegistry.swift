package import Access
package import Base
package import FoundationEssentials
package import NIOPosix
package import Storage

/// The registry of a cluster, which any number of processes use: versions are rows, artifacts are
/// objects of the state bucket.
///
///     components/NAME/VERSION/UUID/FILE
///
/// The UUID is that of the call: of two that make one version, the one whose transaction comes
/// first has it, and the other removes its own objects.
package final class StoredRegistry: ComponentCatalogue {
    private let metadata: any MetadataStore
    private let state: StateBucket
    private let objects: any ObjectStore
    private let arns: ARNs
    private let pool: NIOThreadPool
    private let temporaryDirectory: String
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - objects: where the artifacts of recipes are read from.
    ///   - temporaryDirectory: for artifacts on their way, one at a time for each call.
    package init(
        metadata: any MetadataStore, state: StateBucket, objects: any ObjectStore, arns: ARNs,
        pool: NIOThreadPool, temporaryDirectory: String, now: @escaping @Sendable () -> Date
    ) {
        self.metadata = metadata
        self.state = state
        self.objects = objects
        self.arns = arns
        self.pool = pool
        self.temporaryDirectory = temporaryDirectory
        self.now = now
    }

    // MARK: Making versions

    /// Stages the artifacts as objects, and adopts them in the transaction that writes the row and
    /// the token's answer. Objects of a call that failed are removed at once, or a day later.
    package func createComponentVersion(
        _ recipe: RecipeDocument, tags: [String: String], clientToken: String,
        localFiles: [ObjectLocation: String]
    ) async throws -> RegisteredComponent {
        let call = ComponentCall(recipe, tags: tags, clientToken: clientToken)
        if let known = try await metadata.read({ try self.outcome(of: call, $0) }) {
            return known.component
        }
        try call.checkTags()
        let folder = UUID.random().uuidString.lowercased()
        let staging = StagingObjects(
            state, prefix: try Self.prefix(call.name, call.version, folder: folder),
            workFolder: temporaryDirectory)
        do {
            let (complete, artifacts) = try await ArtifactStager(
                objects: objects, pool: pool, localFiles: localFiles
            ).stage(recipe, in: staging)
            let record = call.record(artifacts, folder: folder, now: now(), arns: arns)
            let row = try Self.row(record, recipe: try complete.json())
            let kept = try await metadata.write { transaction in
                if let other = try self.outcome(of: call, transaction) { return other }
                try staging.adopt(transaction)
                try transaction.save(row)
                try self.save(record, token: call.token, transaction)
                return record
            }
            if kept.folder != folder { await staging.discard() }
            return kept.component
        } catch {
            // Also when nobody knows whether the row was written: if it was, it has the objects.
            await staging.discard()
            throw error
        }
    }

    private func outcome(of call: ComponentCall, _ transaction: MetadataTransaction) throws
        -> ComponentRecord?
    {
        let answer = try transaction.token(Self.tokenKey(call.token)).map {
            try JSONDecoder().decode(ComponentRecord.self, from: $0.response)
        }
        return try call.outcome(
            answer: answer, existing: { try Self.record(call.name, call.version, transaction) },
            now: now(), arns: arns)
    }

    private func save(
        _ record: ComponentRecord, token: String, _ transaction: MetadataTransaction
    ) throws {
        try transaction.removeTokens(
            createdBefore: now().addingTimeInterval(-Limits.clientTokenSeconds))
        try transaction.save(
            TokenRecord(
                key: Self.tokenKey(token), requestDigest: record.fingerprint ?? "",
                response: try Self.encoded(record), created: record.component.created))
    }

    /// Keys have no such part: object stores keep it for themselves.
    private static let reservedPrefix = ".spotter-"

    private static func tokenKey(_ token: String) -> String { "greengrass \(token)" }

    /// - Throws: `invalidRecipe` for a name that no object store takes between slashes.
    static func prefix(_ name: ComponentName, _ version: ComponentVersion, folder: String)
        throws(ComponentError) -> String
    {
        guard !name.text.hasPrefix(Self.reservedPrefix) else {
            throw ComponentError(
                .invalidRecipe,
                "The recipe is invalid: ComponentName must not begin with "
                    + "'\(Self.reservedPrefix)'.")
        }
        return "components/\(name)/\(version)/\(folder)"
    }

    // MARK: Reading

    /// Reads one row.
    package func component(_ name: ComponentName, version: ComponentVersion) async throws
        -> RegisteredComponent?
    {
        return try await metadata.read { try Self.record(name, version, $0)?.component }
    }

    /// Reads one row, which has the recipe too.
    package func details(_ name: ComponentName, version: ComponentVersion) async throws
        -> ComponentDetails?
    {
        return try await metadata.read { try Self.details(name, version, $0) }
    }

    /// In one transaction, so that a component is listed once.
    package func newest(after name: ComponentName?, limit: Int) async throws -> [ComponentDetails] {
        try await metadata.read { transaction in
            let names = try transaction.componentNames(after: name?.text, limit: limit)
            return try names.compactMap(ComponentName.init).compactMap { name in
                let version = try Self.versions(of: name, transaction).max()
                return try version.flatMap { try Self.details(name, $0, transaction) }
            }
        }
    }

    /// Reads the names of all versions and sorts them here: the database would sort them as texts.
    package func versions(of name: ComponentName, before version: ComponentVersion?, limit: Int)
        async throws -> [ComponentVersion]
    {
        let all = try await metadata.read { try Self.versions(of: name, $0) }
        let older = all.filter { candidate in version.map { candidate < $0 } ?? true }
        return Array(older.sorted(by: >).prefix(limit))
    }

    private static func versions(of name: ComponentName, _ transaction: MetadataTransaction)
        throws -> [ComponentVersion]
    {
        try transaction.componentVersions(name.text).compactMap(ComponentVersion.init)
    }

    /// The object is found by the row now; a reader fails when the version is deleted while it
    /// reads.
    package func artifact(_ name: ComponentName, version: ComponentVersion, _ artifact: String)
        async throws -> (any ArtifactReader)?
    {
        let record = try await metadata.read { try Self.record(name, version, $0) }
        guard let folder = record?.folder, let file = record?.artifacts?.named(artifact) else {
            return nil
        }
        return StoredArtifact(
            size: file.size, state: state,
            key: "\(try Self.prefix(name, version, folder: folder))/\(file.file)")
    }

    private static func record(
        _ name: ComponentName, _ version: ComponentVersion, _ transaction: MetadataTransaction
    ) throws -> ComponentRecord? {
        try transaction.component(name.text, version.text).map {
            try JSONDecoder().decode(ComponentRecord.self, from: $0.document)
        }
    }

    private static func details(
        _ name: ComponentName, _ version: ComponentVersion, _ transaction: MetadataTransaction
    ) throws -> ComponentDetails? {
        guard let row = try transaction.component(name.text, version.text) else { return nil }
        let record = try JSONDecoder().decode(ComponentRecord.self, from: row.document)
        return ComponentDetails(
            component: record.component, recipe: try RecipeDocument(stored: row.recipe),
            artifacts: record.artifacts ?? [])
    }

    static func row(_ record: ComponentRecord, recipe: Data) throws -> ComponentRow {
        ComponentRow(
            name: record.component.name.text, version: record.component.version.text,
            document: try encoded(record), recipe: recipe)
    }

    private static func encoded(_ record: ComponentRecord) throws -> Data {
        return try JSONCoding.encode(record)
    }

    // MARK: Changing

    /// Disowns the objects in the transaction that removes the row, and removes them after it.
    package func delete(_ name: ComponentName, version: ComponentVersion) async throws {
        let state = state
        let keys = try await metadata.write { transaction in
            guard let record = try Self.record(name, version, transaction) else {
                throw ComponentError.missing(name, version)
            }
            let keys = try Self.keys(record)
            try state.disown(keys, transaction)
            try transaction.removeComponent(name.text, version.text)
            return keys
        }
        await state.discard(keys)
    }

    /// The objects of a version; two artifacts of its recipe may be one.
    private static func keys(_ record: ComponentRecord) throws -> [String] {
        guard let folder = record.folder else { return [] }
        let prefix = try prefix(
            record.component.name, record.component.version, folder: folder)
        return Set((record.artifacts ?? []).map { "\(prefix)/\($0.file)" }).sorted()
    }

    /// In one transaction, which is retried when another changed the row.
    package func changeTags(
        _ name: ComponentName, version: ComponentVersion, adding added: [String: String],
        removing removed: [String]
    ) async throws {
        try await metadata.write { transaction in
            guard var row = try transaction.component(name.text, version.text) else {
                throw ComponentError.missing(name, version)
            }
            var record = try JSONDecoder().decode(ComponentRecord.self, from: row.document)
            try record.changeTags(adding: added, removing: removed)
            row.document = try Self.encoded(record)
            try transaction.save(row)
        }
    }
}
