import FoundationEssentials
import GRDB
import Glibc

/// A database of SQLite as a file: copied beside a running server, or looked at without a change
/// to it. All calls block.
package enum SQLiteFile {
    private static var readOnly: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        return configuration
    }

    /// Copies a database that others may be writing, as it is at one moment.
    ///
    /// - Parameter target: takes the place of a file of that name; one file, without a log beside
    ///   it, for its owner only.
    /// - Throws: `StorageError.unavailable`.
    package static func copy(_ source: String, to target: String) throws(StorageError) {
        unlink(target)
        let file = open(target, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw DurableFile.failure("write", target) }
        close(file)
        try told("copied", source) {
            let from = try DatabaseQueue(path: source, configuration: readOnly)
            let to = try DatabaseQueue(path: target)
            try from.backup(to: to)
            try to.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try to.close()
            try from.close()
        }
    }

    /// Reads rows as they are, also of an older schema as far as `body` asks for nothing newer.
    ///
    /// - Throws: `StorageError.unavailable`; what `body` throws.
    package static func read<Value>(
        _ path: String, _ body: (any MetadataTransaction) throws -> Value
    ) throws -> Value {
        let queue = try told("opened", path) {
            try DatabaseQueue(path: path, configuration: readOnly)
        }
        defer { try? queue.close() }
        return try queue.read { try body(SQLiteTransaction(database: $0)) }
    }

    /// - Throws: `StorageError.unavailable`.
    package static func schema(_ path: String) throws(StorageError) -> SchemaState {
        try told("read", path) {
            let queue = try DatabaseQueue(path: path, configuration: readOnly)
            defer { try? queue.close() }
            let applied = try queue.read { try Migrations.all.appliedIdentifiers($0) }
            return SchemaState(applied: applied.sorted(), known: Migrations.names)
        }
    }

    /// What SQLite finds wrong with a file; nothing for a sound one.
    ///
    /// - Throws: `StorageError.unavailable`, also for a file that is no database.
    package static func problems(_ path: String) throws(StorageError) -> [String] {
        try told("read", path) {
            let queue = try DatabaseQueue(path: path, configuration: readOnly)
            defer { try? queue.close() }
            return try queue.read { database in
                let texts = try String.fetchAll(database, sql: "PRAGMA integrity_check(10)")
                let lost = try String.fetchAll(database, sql: "PRAGMA foreign_key_check").map {
                    "a row of \($0) names one that does not exist"
                }
                return texts.filter { $0 != "ok" } + Set(lost).sorted()
            }
        }
    }

    private static func told<Value>(_ verb: String, _ path: String, _ body: () throws -> Value)
        throws(StorageError) -> Value
    {
        do {
            return try body()
        } catch {
            throw StorageError(
                .unavailable, "The database \(path) could not be \(verb): \(error)")
        }
    }
}
