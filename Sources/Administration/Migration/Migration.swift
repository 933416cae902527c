import Base
package import FoundationEssentials
import Glibc
import NIOPosix
import Service
package import Storage
import Vision

/// Moves what a data directory keeps to PostgreSQL and, if it is asked to, to an S3: objects first,
/// rows last and in one transaction. A move that failed leaves a database without rows, and can be
/// repeated; of the data directory nothing is changed but that it gets a note of the move.
package struct Migration: Sendable {
    /// What was moved.
    package struct Result: Sendable {
        /// Rows of each table, in the order in which they were copied.
        package internal(set) var tables: [RowCopy.TableCount] = []
        /// How many objects users' buckets have.
        package internal(set) var objects = 0
        /// How many of `objects` an earlier attempt had already copied.
        package internal(set) var objectsThere = 0
        /// How many models were copied to the state bucket.
        package internal(set) var models = 0
        /// How many backbones were copied to the state bucket.
        package internal(set) var backbones = 0
        /// How many versions of components were copied to the state bucket.
        package internal(set) var components = 0
        /// Multipart uploads that were begun and not ended; clients have to begin them again.
        package internal(set) var uploadsLeft = 0
    }

    let configuration: StoresConfiguration
    let overwrites: Bool
    private let environment: [String: String]
    private let now: @Sendable () -> Date
    let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - configuration: of the server that is to go on: its data directory is what is moved, its
    ///     stores are where to.
    ///   - overwrites: whether objects of the S3 are replaced by others under the same keys.
    ///   - environment: AWS' variables are read where objects move to an S3.
    ///   - progress: called with how far it is, in words.
    package init(
        _ configuration: StoresConfiguration, overwrites: Bool, environment: [String: String],
        now: @escaping @Sendable () -> Date = { Date() },
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.overwrites = overwrites
        self.environment = environment
        self.now = now
        self.progress = progress
    }

    /// - Throws: `AdministrationError` when the move is refused before anything is written, or when
    ///   it cannot be noted; `StorageError` when a store fails. The new database has no rows then,
    ///   unless the message says that nobody knows.
    package func run() async throws -> Result {
        guard case .postgreSQL(let url) = configuration.metadata else {
            throw AdministrationError("--to postgres needs --metadata with the database's address.")
        }
        let path = configuration.dataDirectory
        guard FileStatus(at: DataDirectory.database(path))?.isFile ?? false else {
            throw AdministrationError(
                "\(path) has no \(DataDirectory.databaseName). Give the folder that 'spotter "
                    + "serve' was started with as --data-directory.")
        }
        // Holding it keeps servers away until all is done.
        return try await Stores.withStores(
            holding: StoresConfiguration(
                dataDirectory: path, region: configuration.region,
                accountID: configuration.accountID),
            environment: environment, threads: OperatingLimits.migrationThreads, now: now
        ) { source in
            try await Stores.withStores(
                beside: configuration, environment: environment,
                threads: OperatingLimits.migrationThreads, now: now
            ) { target in
                try await run(from: source, to: target, url)
            }
        }
    }

    private func run(from source: Stores, to target: Stores, _ url: String) async throws -> Result {
        let path = configuration.dataDirectory
        let place = try await checkTarget(url, source)
        let rows = "\(source.temporaryDirectory)/rows.sqlite"
        defer { for suffix in ["", "-wal", "-shm"] { unlink(rows + suffix) } }
        let named = try await source.pool.runIfActive {
            let database = DataDirectory.database(path)
            let schema = try SQLiteFile.schema(database)
            guard schema.unknown.isEmpty else {
                throw AdministrationError(
                    "A newer Spotter made \(database); move it with that one.")
            }
            try SQLiteFile.copy(database, to: rows)
            return try SQLiteFile.read(rows) { try NamedFiles($0) }
        }
        var result = Result()
        if configuration.objectStore != .directory,
            case .directory(let objects) = try source.buckets(),
            case .s3(_, let store) = try target.buckets()
        {
            try await moveObjects(
                objects, try source.embeddedComponents(), named,
                TargetObjects(store: store, pool: target.pool), rows, &result)
        }
        progress("copying rows")
        result.tables = try await RowCopy.copy(sqlite: rows, to: url) { _ in }
        do {
            try MovedRows.note(in: path, place: place, now: now())
        } catch {
            throw AdministrationError(
                "All was moved, but it could not be noted: \(error) Start nothing on \(path) "
                    + "without --metadata, and do not back it up: it has the old rows.")
        }
        return result
    }

    /// Before gigabytes are copied for nothing.
    ///
    /// - Returns: where the rows go, in words.
    private func checkTarget(_ url: String, _ source: Stores) async throws -> String {
        let path = configuration.dataDirectory
        let target = try PostgreSQLStore(url: url)
        let (isEmpty, key) = try await target.read { transaction in
            let isEmpty =
                try transaction.projects(after: nil, limit: 1).isEmpty
                && transaction.users().isEmpty && transaction.countJobs().isEmpty
                && transaction.componentNames(after: nil, limit: 1).isEmpty
            return (isEmpty, try transaction.setting(DataDirectory.pageTokenSetting))
        }
        guard !isEmpty else { return target.name }
        // An attempt that was killed after the rows were in, or lost the answer, has left no note.
        let own = try await source.pool.runIfActive {
            try SQLiteFile.read(DataDirectory.database(path)) {
                try? $0.setting(DataDirectory.pageTokenSetting)
            }
        }
        if let own, own == key {
            try MovedRows.note(in: path, place: target.name, now: now())
            try MovedRows.check(path)
        }
        throw AdministrationError(
            "The \(target.name) has rows already; rows are moved into an empty database only.")
    }

    private func moveObjects(
        _ source: DirectoryStore, _ registry: DirectoryRegistry, _ named: NamedFiles,
        _ target: TargetObjects, _ rows: String, _ result: inout Result
    ) async throws {
        let buckets = try await source.buckets().map(\.name)
        if let state = configuration.stateBucket {
            guard !buckets.contains(state) else {
                throw AdministrationError(
                    "The data directory has a bucket \(state) of its own; choose another "
                        + "--state-bucket.")
            }
            try checkFiles(named)
        }
        if !overwrites { try await check(target, buckets, named, source) }
        for bucket in buckets {
            try await move(bucket, from: source, to: target, &result)
        }
        guard let bucket = configuration.stateBucket else { return }
        let store = target.store
        let metadata = try SQLiteStore(path: rows)
        let state = StateBucket(objects: store, name: bucket, metadata: metadata, now: now)
        if try await !store.bucketExists(bucket) { try await store.createBucket(bucket) }
        try await moveModels(named, state, &result)
        try await moveBackbones(named, state, &result)
        try await moveComponents(registry, state, metadata, &result)
        try await amend(metadata)
    }

    /// - Throws: `AdministrationError` naming files that rows name and that are not there.
    private func checkFiles(_ named: NamedFiles) throws {
        let missing = named.missing(in: configuration.dataDirectory).values.sorted()
        guard missing.isEmpty else {
            let some = missing.prefix(OperatingLimits.namedFilesMax).joined(separator: ", ")
            throw AdministrationError(
                "The data directory lacks \(missing.count) files that its rows name: \(some). "
                    + "Restore them, or delete those models, and move then.")
        }
    }

    // MARK: What rows name

    private func moveModels(
        _ named: NamedFiles, _ state: StateBucket, _ result: inout Result
    ) async throws {
        for model in named.models {
            for key in model.keys {
                try await state.objects.put(
                    .file(
                        path: "\(configuration.dataDirectory)/\(DataDirectory.modelPath(key))"),
                    at: state.location(ModelLibrary.sharedPrefix + key))
            }
            result.models += 1
            progress("\(result.models) of \(named.models.count) models copied")
        }
    }

    private func moveBackbones(
        _ named: NamedFiles, _ state: StateBucket, _ result: inout Result
    ) async throws {
        let source = BackboneFolder(path: DataDirectory.backbones(configuration.dataDirectory))
        for name in named.backbones.keys.sorted() {
            let bytes = try await source.bytes(name)
            guard Checksum.sha256(bytes) == name else {
                throw AdministrationError(
                    "The backbone \(source.place(name)) is damaged: its SHA-256 is not its name. "
                        + "Give the project its backbone again with 'spotter project set'.")
            }
            try await BackboneBucket(state: state).add(bytes, name: name)
            result.backbones += 1
        }
    }

    private func moveComponents(
        _ registry: DirectoryRegistry, _ state: StateBucket, _ metadata: any MetadataStore,
        _ result: inout Result
    ) async throws {
        var count = 0
        try await registry.forEachMoved { component in
            for (path, key) in component.artifacts {
                try await state.objects.put(.file(path: path), at: state.location(key))
            }
            let row = component.row
            try await metadata.write { try $0.save(row) }
            count += 1
            progress("\(count) components copied")
        }
        result.components = count
    }

    /// Changes rows that differ where several servers share everything.
    private func amend(_ metadata: any MetadataStore) async throws {
        let file = DataDirectory.credentials(configuration.dataDirectory)
        let key = try? Data(contentsOf: URL(filePath: file))
        try await metadata.write { transaction in
            // The root key goes on, whichever server starts first.
            if let key { try transaction.saveSetting(DataDirectory.rootKeySetting, key) }
            // They are files of this directory that no row names, not objects of the bucket.
            for object in try transaction.stagedObjects(createdBefore: .distantFuture, limit: .max)
            {
                try transaction.removeStagedObject(object.key)
            }
        }
    }
}
