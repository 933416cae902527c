import Base
import FoundationEssentials
import GRDB
import Glibc

/// A SQLite database as a file: copied beside a running server, or looked at without a change to
/// its rows. All calls block, and wait at most 10 s for others that hold the file.
package enum SQLiteFile {
    private static var readOnly: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        return configuration
    }

    /// Opens a database to look at it.
    ///
    /// What a process that died left half written in a journal has to be rolled back before anybody
    /// can read, which a connection that may only read cannot do.
    private static func opened(_ path: String) throws -> DatabaseQueue {
        do {
            // GRDB reads the schema when it opens a file.
            return try DatabaseQueue(path: path, configuration: readOnly)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY {
            var configuration = readOnly
            configuration.readonly = false
            try DatabaseQueue(path: path, configuration: configuration).close()
            return try DatabaseQueue(path: path, configuration: readOnly)
        }
    }

    /// Copies a database that others may be writing, as it is at one moment.
    ///
    /// - Parameter target: takes the place of a file of that name; one file, without a log beside
    ///   it, for its owner only.
    /// - Throws: `StorageError.unavailable` for a source that cannot be read or a target that
    ///   cannot be written; then a part of the target may be there.
    package static func copy(_ source: String, to target: String) throws(StorageError) {
        unlink(target)
        try onDisk { try OpenFile.creating(target, mode: 0o600).close() }
        try named("copied", source) {
            let from = try opened(source)
            let to = try DatabaseQueue(path: target)
            try from.backup(to: to)
            try to.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try to.close()
            try from.close()
        }
    }

    /// Reads rows as they are, also of an older schema as far as `body` asks for nothing newer.
    ///
    /// - Returns: what `body` returned.
    /// - Throws: `StorageError.unavailable` for a file that cannot be opened; what `body` throws,
    ///   and `DatabaseError` for tables and columns that an older schema lacks.
    package static func read<Value>(
        _ path: String, _ body: (MetadataTransaction) throws -> Value
    ) throws -> Value {
        let queue = try named("opened", path) { try opened(path) }
        defer { try? queue.close() }
        return try queue.read { try body(MetadataTransaction(SQLiteStatements($0))) }
    }

    /// Which steps of the schema the file has.
    ///
    /// - Throws: `StorageError.unavailable`, also for a file that is not a database.
    package static func schema(_ path: String) throws(StorageError) -> SchemaState {
        try named("read", path) {
            let queue = try opened(path)
            defer { try? queue.close() }
            let applied = try queue.read { try Schema.sqliteMigrator.appliedIdentifiers($0) }
            return SchemaState(applied: applied.sorted(), known: Schema.names)
        }
    }

    /// What SQLite finds wrong with the pages of a file and its foreign keys, 10 problems of pages
    /// at most; nothing for a sound one. It reads the whole file.
    ///
    /// - Throws: `StorageError.unavailable`, also for a file that is not a database.
    package static func problems(_ path: String) throws(StorageError) -> [String] {
        try named("read", path) {
            let queue = try opened(path)
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

    private static func named<Value>(_ verb: String, _ path: String, _ body: () throws -> Value)
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
