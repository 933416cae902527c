import FoundationEssentials
import GRDB
import Glibc

/// Metadata in one SQLite file, through GRDB. Statements run on GRDB's own threads.
package final class SQLiteStore: MetadataStore {
    /// Reports what this store wrote; other processes and other stores of the file are not heard.
    package let changes = MetadataChanges()
    private let pool: any DatabaseWriter

    /// Opens or makes the database and brings its schema up to date. Blocks.
    ///
    /// The file is for its owner only, since it keeps users' secret keys. Beside it are `-wal` and
    /// `-shm` while the store is open. Commits are synced to the disk before a write returns.
    ///
    /// - Throws: `StorageError.unavailable` for a file that cannot be opened or is not a database.
    package init(path: String) throws(StorageError) {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        // With WAL the default does not sync every commit; an answered call must last.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        // It keeps users' secret keys; SQLite gives its other files the same mode.
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        fchmod(file, 0o600)
        close(file)
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            try Schema.sqliteMigrator.migrate(pool)
        } catch {
            throw StorageError(.unavailable, "The database \(path) could not be opened: \(error)")
        }
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
    }

    /// Runs on one of GRDB's reading connections, beside a write.
    ///
    /// - Throws: as `MetadataStore.read`, and `DatabaseError` for a disk that fails.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await pool.read { try body(MetadataTransaction(SQLiteStatements($0))) }
    }

    /// Runs after the writes that were asked for before.
    ///
    /// - Throws: as `MetadataStore.write`, and `DatabaseError` for a disk that fails, or when
    ///   another process has held the database for 10 s.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        let (value, topics) = try await pool.write { database in
            let statements = SQLiteStatements(database)
            return (try body(MetadataTransaction(statements)), statements.topics)
        }
        for topic in topics { changes.post(topic) }
        return value
    }
}
