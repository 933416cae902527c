import Base
import GRDB
import Glibc

/// A change of a PostgreSQL database's schema that is about to be made, for one who wants to keep
/// its rows as they are before it.
package struct PostgreSQLSchemaChange {
    /// Called by the one process that is to change the schema, while all others wait for it. Old
    /// servers and workers go on meanwhile. The change is not made when it throws.
    package typealias Observer = @Sendable (PostgreSQLSchemaChange) throws -> Void

    /// Steps that the database has, in their order.
    package let applied: [String]
    /// Steps that will be made.
    package let missing: [String]
    /// What the tables take up, without their indexes.
    package let bytes: Int
    /// Writes all rows, as they are at one moment, into a new SQLite file with the same steps.
    package let copyRows: (_ path: String) throws -> Void

    /// - Returns: nil for a database without tables.
    init?(_ connection: PostgreSQLConnection, missing: [String]) throws {
        let table = try connection.execute("SELECT to_regclass('spotter_migration')::text", [])
        guard table.blob(0, 0) != nil else { return nil }
        let rows = try connection.execute("SELECT name FROM spotter_migration", [])
        let there = Set((0..<rows.count).map { rows.text($0, 0) })
        let applied = Schema.names.filter(there.contains)
        guard !applied.isEmpty, !missing.isEmpty else { return nil }
        self.applied = applied
        self.missing = missing
        bytes = try connection.execute(
            """
            SELECT coalesce(sum(pg_table_size(oid)), 0)::bigint FROM pg_class
            WHERE oid IN (SELECT to_regclass(quote_ident(name)) FROM unnest($1::text[]) AS name)
            """, ["{\(Schema.tables.joined(separator: ","))}"]
        ).integer(0, 0)
        copyRows = { try PostgreSQLRowsFile(connection, applied).write($0) }
    }
}

/// Writes the rows of a PostgreSQL database into a SQLite file, from which `RowCopy` can bring them
/// back. Its calls block.
private struct PostgreSQLRowsFile {
    /// Rows that are in memory at once.
    private static let rowsMax = 256

    private let connection: PostgreSQLConnection
    private let applied: [String]

    init(_ connection: PostgreSQLConnection, _ applied: [String]) {
        self.connection = connection
        self.applied = applied
    }

    /// - Throws: `PostgreSQLError`, `StorageError` when the file cannot be written.
    func write(_ path: String) throws {
        try connection.execute(
            """
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
            SET LOCAL statement_timeout = 0
            """)
        // Nothing was written.
        defer { if !connection.isLost { _ = try? connection.execute("ROLLBACK") } }
        // The key of all servers is in it: nobody else may read it, nor have made it.
        unlink(path)
        try onDisk { try OpenFile.creating(path, mode: 0o600).close() }
        do {
            let queue = try DatabaseQueue(path: path)
            try Schema.sqliteMigrator.migrate(queue, upTo: applied.last ?? "")
            try queue.write { database in
                for table in Schema.tables where try database.tableExists(table) {
                    try copy(table, to: database)
                }
            }
            try queue.close()
        } catch let error as DatabaseError {
            throw StorageError(.unavailable, "The rows could not be written to \(path): \(error)")
        }
    }

    private func copy(_ table: String, to database: Database) throws {
        let columns = try database.columns(in: table)
        let names = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        let insert = try database.makeStatement(
            sql: "INSERT INTO \"\(table)\" (\(names)) VALUES (\(marks))")
        // A name of its own: statements are prepared by their text.
        let cursor = "copied_\(table)"
        try connection.execute(
            "DECLARE \(cursor) NO SCROLL CURSOR FOR SELECT \(names) FROM \"\(table)\"", [])
        while true {
            let rows = try connection.execute("FETCH \(Self.rowsMax) FROM \(cursor)", [])
            for row in 0..<rows.count {
                let values: [(any DatabaseValueConvertible)?] = columns.indices.map {
                    Self.value(rows, row, $0, columns[$0].type)
                }
                try insert.execute(arguments: StatementArguments(values))
            }
            if rows.count < Self.rowsMax { break }
        }
        try connection.execute("CLOSE \(cursor)")
        guard columns.contains(where: { $0.name == "position" }) else { return }
        // Positions are never used twice, not those of removed rows either.
        let last = try connection.execute(
            "SELECT pg_sequence_last_value(pg_get_serial_sequence($1, 'position')::regclass)",
            ["\"\(table)\""])
        guard last.blob(0, 0) != nil else { return }
        try database.execute(
            sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [table])
        try database.execute(
            sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
            arguments: [table, last.integer(0, 0)])
    }

    /// - Parameter type: of the column in SQLite's schema.
    private static func value(
        _ rows: PostgreSQLRows, _ row: Int, _ column: Int, _ type: String
    ) -> (any DatabaseValueConvertible)? {
        guard let bytes = rows.blob(row, column) else { return nil }
        switch type.uppercased() {
        case "INTEGER": return rows.integer(row, column)
        case "REAL": return rows.real(row, column)
        case "BLOB": return bytes
        default: return rows.text(row, column)
        }
    }
}
