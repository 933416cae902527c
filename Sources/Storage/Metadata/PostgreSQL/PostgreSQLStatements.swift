import CPostgreSQL
import FoundationEssentials

/// The statements of one transaction, and its beginning and end.
///
/// The transaction begins with its first statement, which decides how: writes are SERIALIZABLE,
/// reads see one moment, and one that begins with claiming a job is READ COMMITTED, so that workers
/// take rows past each other.
final class PostgreSQLStatements: SQLConnection {
    enum Mode { case read, write }

    let dialect: SQLDialect
    private let connection: PostgreSQLConnection
    private let mode: Mode
    private var isBegun = false
    /// The first thing that went wrong. PostgreSQL takes no further statement then, so the
    /// transaction cannot succeed, whatever the body makes of it.
    private(set) var failure: PostgreSQLError?
    /// What listeners of all processes hear with the end of the transaction.
    private var topics: Set<MetadataChanges.Topic> = []

    init(_ connection: PostgreSQLConnection, _ mode: Mode) {
        self.connection = connection
        self.mode = mode
        dialect = mode == .write ? .postgreSQL : .postgreSQLReading
    }

    /// Writes what was done; without a statement there is nothing to do.
    ///
    /// - Throws: `PostgreSQLError`; `.commitUnknown` when nobody knows whether something was
    ///   written.
    func commit() throws {
        guard isBegun else { return }
        do {
            for topic in topics {
                try connection.execute(
                    "SELECT pg_notify($1, $2)", [PostgreSQLListener.channel, topic.rawValue])
            }
            let command = try connection.execute("COMMIT").command
            guard command == "COMMIT" else {
                throw PostgreSQLError(.refused, "The transaction ended with \(command).")
            }
        } catch let error as PostgreSQLError {
            guard mode == .write, error.code == .connectionLost else { throw error }
            throw PostgreSQLError(.commitUnknown, sqlState: error.sqlState, error.message)
        }
    }

    func rollBack() {
        guard isBegun, !connection.isLost else { return }
        // A connection on which this fails is thrown away.
        _ = try? connection.execute("ROLLBACK")
    }

    func query<Value>(
        _ sql: String, _ arguments: SQLArguments, _ read: (any SQLRow) throws -> Value
    ) throws -> [Value] {
        let rows = try noting {
            try begin("SERIALIZABLE")
            return try connection.execute(sql, arguments)
        }
        return try (0..<rows.count).map { try read(PostgreSQLRow(rows: rows, row: $0)) }
    }

    func execute(_ sql: String, each sets: [SQLArguments]) throws {
        // An answer has some 50 bytes, an error a few hundred: far less than a socket holds.
        let setsMax = 256
        try noting {
            try begin("SERIALIZABLE")
            guard sets.count != 1 else {
                try connection.execute(sql, sets[0])
                return
            }
            for start in stride(from: 0, to: sets.count, by: setsMax) {
                try connection.execute(
                    sql, each: Array(sets[start..<min(start + setsMax, sets.count)]))
            }
        }
    }

    func beginClaim() throws {
        try noting { try begin("READ COMMITTED") }
    }

    func announce(_ topic: MetadataChanges.Topic) { topics.insert(topic) }

    /// - Parameter isolation: of a write that has not begun.
    private func begin(_ isolation: String) throws {
        if isBegun { return }
        let kind = mode == .write ? isolation : "REPEATABLE READ READ ONLY"
        try connection.execute("BEGIN ISOLATION LEVEL \(kind)")
        isBegun = true
    }

    private func noting<Value>(_ body: () throws -> Value) throws -> Value {
        if let failure { throw failure }
        do { return try body() } catch let error as PostgreSQLError {
            failure = error
            throw error
        }
    }
}

/// A row of an answer that is in memory as a whole.
private struct PostgreSQLRow: SQLRow {
    let rows: PostgreSQLRows
    let row: Int

    func text(_ column: Int) -> String { rows.text(row, column) }
    func integer(_ column: Int) -> Int { rows.integer(row, column) }
    func real(_ column: Int) -> Double { rows.real(row, column) }
    func bytes(_ column: Int) -> Data? { rows.blob(row, column) }
}
