/// An empty PostgreSQL database that takes the rows of another. Its calls block.
final class RowCopyTarget {
    private let address: PostgreSQLAddress
    private let connection: PostgreSQLConnection

    /// Connects, and brings the schema up to date.
    init(_ address: PostgreSQLAddress) throws {
        self.address = address
        do {
            let limits = PostgreSQLLimits()
            connection = try PostgreSQLConnection(address, limits)
            try PostgreSQLMigrations.migrate(connection, address, limits)
        } catch let error as PostgreSQLError {
            throw StorageError(.unavailable, "The \(address) cannot be used: \(error)")
        }
    }

    /// Writes all that `body` does, or nothing.
    func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            // Counting a large table may take longer than any statement of a server.
            try connection.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0")
            let value = try body()
            do { try connection.execute("COMMIT") } catch let error as PostgreSQLError {
                guard error.code == .connectionLost else { throw error }
                throw StorageError(
                    .unavailable,
                    "The connection to the \(address) was lost at the end; whether the rows were "
                        + "written is not known: \(error). Copy again: if they were, that is "
                        + "refused.")
            }
            return value
        } catch {
            if !connection.isLost { _ = try? connection.execute("ROLLBACK") }
            guard let error = error as? PostgreSQLError else { throw error }
            throw StorageError(
                .unavailable,
                "The \(address) did not take the rows: \(error). Nothing was written.")
        }
    }

    /// Keeps others from writing, and makes sure that nobody has.
    func claim(_ tables: [String]) throws {
        let names = (tables + ["member"]).map { "\"\($0)\"" }.joined(separator: ", ")
        do {
            try connection.execute("SET LOCAL lock_timeout = '10s'")
            try connection.execute("LOCK TABLE \(names) IN SHARE ROW EXCLUSIVE MODE")
        } catch let error as PostgreSQLError where error.code == .timedOut {
            throw StorageError(
                .unavailable,
                "Others are writing to the \(address): stop the servers and workers that use it.")
        }
        for table in tables where table != "setting" {
            let rows = try connection.execute("SELECT 1 FROM \"\(table)\" LIMIT 1", [])
            guard rows.count == 0 else {
                throw StorageError(
                    .unavailable,
                    "The \(address) has rows already, in its table \(table); rows are copied into "
                        + "an empty database only.")
            }
        }
        // They write their row every few seconds, and take it away when they end in order.
        let alive = try connection.execute(
            """
            SELECT 1 FROM member
            WHERE seen > extract(epoch FROM clock_timestamp())::double precision - 30 LIMIT 1
            """, [])
        guard alive.count == 0 else {
            throw StorageError(
                .unavailable,
                "A server or a worker uses the \(address), or did so half a minute ago: stop it, "
                    + "wait, and copy again.")
        }
        // What a server made for itself gives way to what clients of the other one know.
        try connection.execute("DELETE FROM setting")
    }

    func insert(
        _ rows: [SQLArguments], into table: String, _ columns: [String]
    ) throws {
        let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        let marks = columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        try connection.execute(
            "INSERT INTO \"\(table)\" (\(names)) OVERRIDING SYSTEM VALUE VALUES (\(marks))",
            each: rows)
    }

    /// Makes the next row of a table get a position after `position`; nil for a table that never
    /// had a row.
    func goOn(after position: Int?, in table: String) throws {
        guard let position else { return }
        try connection.execute(
            "SELECT setval(pg_get_serial_sequence($1, 'position'), $2)",
            ["\"\(table)\"", position])
    }

    func count(_ table: String) throws -> Int {
        try connection.execute("SELECT COUNT(*) FROM \"\(table)\"", []).integer(0, 0)
    }
}
