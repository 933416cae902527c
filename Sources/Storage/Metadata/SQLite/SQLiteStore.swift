import Base
import FoundationEssentials
import GRDB
import Glibc

/// Metadata in one SQLite file, through GRDB. Statements run on GRDB's own threads.
package final class SQLiteStore: MetadataStore {
    /// Reports what this store wrote; other processes and other stores of the file are not heard.
    package let changes = MetadataChanges()
    private let pool: any DatabaseWriter
    /// Path and identity of the file that was opened; nil in memory.
    private let file: (path: String, status: FileStatus)?

    /// Opens or makes the database and brings its schema up to date. Blocks.
    ///
    /// The file is for its owner only, since it keeps users' secret keys. Beside it are `-wal` and
    /// `-shm` while the store is open. Commits are synced to the disk before a write returns.
    ///
    /// - Throws: `StorageError.unavailable` for a file that cannot be opened or is not a database,
    ///   and for one that a newer Spotter made: what its rows mean is not known here.
    package init(path: String) throws(StorageError) {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        // It keeps users' secret keys; SQLite gives its other files the same mode.
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        fchmod(file, 0o600)
        close(file)
        let newer: [String]
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // With WAL, GRDB leaves a commit to a later sync, and an answered call must last. Its
            // own setting comes after those of the configuration.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            newer = try pool.read(Schema.sqliteMigrator.appliedIdentifiers)
                .subtracting(Schema.names).sorted()
            if newer.isEmpty { try Schema.sqliteMigrator.migrate(pool) }
        } catch {
            throw StorageError(.unavailable, "The database \(path) could not be opened: \(error)")
        }
        guard newer.isEmpty else {
            throw StorageError(
                .unavailable,
                "The database \(path) was made by a newer Spotter (\(newer.joined(separator: ", "))). "
                    + "Use that version, or restore a backup that this one made.")
        }
        guard let status = FileStatus(path: path) else {
            throw StorageError(
                .unavailable, "The database \(path) was removed while it was opened.")
        }
        self.file = (path, status)
    }

    /// Makes a database in memory that goes with the store, for simulations: as the one in a file,
    /// but fast, and with one connection for reads and writes.
    ///
    /// - Throws: `StorageError.unavailable`, when SQLite has no memory.
    package init() throws(StorageError) {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        do {
            pool = try DatabaseQueue(configuration: configuration)
            try Schema.sqliteMigrator.migrate(pool)
        } catch {
            throw StorageError(.unavailable, "A database in memory could not be made: \(error)")
        }
        file = nil
    }

    /// SQLite goes on with a file that has lost its name, and all that is written then is gone with
    /// the process.
    private func checkFile() throws(StorageError) {
        guard let file else { return }
        let now = FileStatus(path: file.path)
        guard now?.inode == file.status.inode, now?.device == file.status.device else {
            throw StorageError(
                .unavailable,
                "The database \(file.path) was removed or replaced while it was in use. Stop the "
                    + "server, put the file back or restore a backup, and start again.")
        }
    }

    /// Runs on one of GRDB's reading connections, beside a write.
    ///
    /// - Throws: as `MetadataStore.read`, and `DatabaseError` for a disk that fails;
    ///   `StorageError.unavailable` after the file was removed or replaced.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await reportingFullDisk {
            try await pool.read {
                try checkFile()
                return try body(MetadataTransaction(SQLiteStatements($0)))
            }
        }
    }

    /// Runs after the writes that were asked for before.
    ///
    /// - Throws: as `MetadataStore.write`, and `DatabaseError` for a disk that fails, or when
    ///   another process has held the database for 10 s; `StorageError.unavailable` after the file
    ///   was removed or replaced.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        let (value, topics) = try await reportingFullDisk {
            try await pool.write { database in
                try checkFile()
                let statements = SQLiteStatements(database)
                return (try body(MetadataTransaction(statements)), statements.topics)
            }
        }
        for topic in topics { changes.post(topic) }
        return value
    }

    /// SQLite says in several ways that the disk is full: to files that its memory is mapped to it
    /// is an error of input and output.
    private func reportingFullDisk<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as DatabaseError {
            let path = file?.path ?? ""
            let isFull =
                error.resultCode == .SQLITE_FULL
                || error.resultCode == .SQLITE_IOERR
                    && DiskSpace.freeBytes(path).map { $0 < DiskSpace.smallBytes } ?? false
            guard isFull else { throw error }
            throw StorageError(.full, "The database \(path) could not be written: \(error)")
        }
    }
}
