import FoundationEssentials
import GRDB
import Glibc

/// Metadata in one SQLite file, through GRDB. Statements run on GRDB's own threads.
package final class SQLiteStore: MetadataStore {
    /// Of this process; of others nothing is heard.
    package let changes = MetadataChanges()
    private let pool: any DatabaseWriter

    /// Opens or makes the database and brings its schema up to date.
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
            try Migrations.all.migrate(pool)
        } catch {
            throw StorageError(.unavailable, "The database \(path) could not be opened: \(error)")
        }
    }

    /// Makes a database that goes with the store, for simulations: as the one in a file, but fast.
    package init() throws(StorageError) {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        do {
            pool = try DatabaseQueue(configuration: configuration)
            try Migrations.all.migrate(pool)
        } catch {
            throw StorageError(.unavailable, "A database in memory could not be made: \(error)")
        }
    }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await pool.read { try body(SQLiteTransaction(database: $0)) }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any MetadataTransaction) throws -> Value
    ) async throws -> Value {
        let (value, topics) = try await pool.write { database in
            let transaction = SQLiteTransaction(database: database)
            return (try body(transaction), transaction.news.topics)
        }
        for topic in topics { changes.post(topic) }
        return value
    }
}
