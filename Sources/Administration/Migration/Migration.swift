import Access
import Base
package import FoundationEssentials
import Glibc
import Logging
package import NIOPosix
import Service
package import Storage
import Vision

/// Moves what a data directory keeps to PostgreSQL and, if it is asked to, to an S3: objects first,
/// rows last and in one transaction. A move that failed leaves a database without rows, and can be
/// repeated; of the data directory nothing is changed but that it gets a note of the move.
package struct Migration: Sendable {
    package struct Result: Sendable {
        package internal(set) var tables: [RowCopy.TableCount] = []
        /// Of users' buckets.
        package internal(set) var objects = 0
        /// Of those, such that an earlier try had copied.
        package internal(set) var objectsThere = 0
        package internal(set) var models = 0
        package internal(set) var backbones = 0
        package internal(set) var components = 0
        /// Multipart uploads that were begun and not ended; clients begin them anew.
        package internal(set) var uploadsLeft = 0
    }

    let configuration: ServerConfiguration
    let overwrites: Bool
    private let environment: [String: String]
    private let pool: NIOThreadPool
    private let now: @Sendable () -> Date
    let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - configuration: of the server that is to go on: its data directory is what is moved, its
    ///     stores are where to.
    ///   - overwrites: whether objects of the S3 give way to others under the same keys.
    ///   - progress: told in words how far it is.
    package init(
        _ configuration: ServerConfiguration, overwrites: Bool, environment: [String: String],
        pool: NIOThreadPool,
        now: @escaping @Sendable () -> Date = { Date() },
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.overwrites = overwrites
        self.environment = environment
        self.pool = pool
        self.now = now
        self.progress = progress
    }

    /// - Throws: `AdministrationError`, `StorageError`; then the new database has no rows, unless it says
    ///   that nobody knows.
    package func run() async throws -> Result {
        guard case .postgreSQL(let url) = configuration.metadata else {
            throw AdministrationError("--to postgres needs --metadata with the database's address.")
        }
        let path = configuration.dataDirectory
        guard FileStatus(at: "\(path)/\(DataDirectory.databaseName)")?.isFile ?? false else {
            throw AdministrationError(
                "\(path) has no \(DataDirectory.databaseName). Give the folder that 'spotter "
                    + "serve' was started with as --data-directory.")
        }
        // Holding it keeps servers away until all is done.
        let directory = try DataDirectory(path: path)
        try MovedRows.check(path)
        let place = try await checkTarget(url, directory)
        let rows = "\(directory.temporary)/rows.sqlite"
        defer { for suffix in ["", "-wal", "-shm"] { unlink(rows + suffix) } }
        let named = try await pool.runIfActive { [source = directory.database] in
            let schema = try SQLiteFile.schema(source)
            guard schema.unknown.isEmpty else {
                throw AdministrationError("A newer Spotter made \(source); move it with that one.")
            }
            try SQLiteFile.copy(source, to: rows)
            return try SQLiteFile.read(rows) { try NamedFiles($0) }
        }
        var result = Result()
        if case .s3(let endpoint, let region) = configuration.objectStore {
            let cloud = CloudServices(
                environment: environment, region: configuration.region,
                logger: Logger(label: "spotter.migrate") { _ in SwiftLogNoOpLogHandler() })
            do {
                let peer = try cloud.s3(endpoint: endpoint, region: region)
                try await moveObjects(
                    directory, named, S3Store(peer: peer, pool: pool), rows, &result)
                try await cloud.shutDown()
            } catch {
                try? await cloud.shutDown()
                throw error
            }
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
    private func checkTarget(_ url: String, _ directory: DataDirectory) async throws -> String {
        let target = try PostgreSQLStore(url: url)
        let (isEmpty, key) = try await target.read { transaction in
            let isEmpty =
                try transaction.projects(after: nil, limit: 1).isEmpty
                && transaction.users().isEmpty && transaction.countJobs().isEmpty
                && transaction.componentNames(after: nil, limit: 1).isEmpty
            return (isEmpty, try transaction.setting(DataDirectory.pageTokenSetting))
        }
        guard !isEmpty else { return target.name }
        // Whoever was killed after the rows were in, or lost the answer, has left no note.
        let own = try await pool.runIfActive { [path = directory.database] in
            try SQLiteFile.read(path) { try? $0.setting(DataDirectory.pageTokenSetting) }
        }
        if let own, own == key {
            try MovedRows.note(in: directory.path, place: target.name, now: now())
            try MovedRows.check(directory.path)
        }
        throw AdministrationError(
            "The \(target.name) has rows already; rows are moved into an empty database only.")
    }

    private func moveObjects(
        _ directory: DataDirectory, _ named: NamedFiles, _ target: S3Store, _ rows: String,
        _ result: inout Result
    ) async throws {
        let source = try DirectoryStore(root: directory.buckets, pool: pool)
        let buckets = try await source.buckets().map(\.name)
        if let state = configuration.stateBucket {
            guard !buckets.contains(state) else {
                throw AdministrationError(
                    "The data directory has a bucket \(state) of its own; choose another "
                        + "--state-bucket.")
            }
            try checkFiles(named)
        }
        let there = TargetObjects(store: target, pool: pool)
        if !overwrites { try await check(there, buckets, named, source) }
        for bucket in buckets {
            try await move(bucket, from: source, to: there, &result)
        }
        if let bucket = configuration.stateBucket {
            let metadata = try SQLiteStore(path: rows)
            let state = StateBucket(objects: target, name: bucket, metadata: metadata, now: now)
            if try await !target.bucketExists(bucket) { try await target.createBucket(bucket) }
            try await moveModels(named, state, &result)
            try await moveBackbones(named, state, &result)
            try await moveComponents(directory, source, state, metadata, &result)
            try await amend(metadata, directory)
        }
    }

    /// - Throws: `AdministrationError` naming what rows want and what is not there.
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
        _ directory: DataDirectory, _ source: DirectoryStore, _ state: StateBucket,
        _ metadata: any MetadataStore, _ result: inout Result
    ) async throws {
        let registry = try DirectoryRegistry(
            root: directory.greengrass, objects: source,
            arns: ARNs(region: configuration.region, account: configuration.accountID), pool: pool)
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

    /// What is otherwise where several servers share everything.
    private func amend(_ metadata: any MetadataStore, _ directory: DataDirectory) async throws {
        let key = try? Data(contentsOf: URL(filePath: directory.credentials))
        try await metadata.write { transaction in
            // The root key goes on, whichever server starts first.
            if let key { try transaction.saveSetting(DataDirectory.rootKeySetting, key) }
            // They are files of this directory that nobody wanted, not objects of the bucket.
            for object in try transaction.stagedObjects(createdBefore: .distantFuture, limit: .max)
            {
                try transaction.removeStagedObject(object.key)
            }
        }
    }
}
