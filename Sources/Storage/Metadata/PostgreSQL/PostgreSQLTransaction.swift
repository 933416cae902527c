import CPostgreSQL
import FoundationEssentials
import Wire

/// The statements behind `MetadataTransaction`, beside SQLite's of the same names.
///
/// The transaction begins with its first statement, which decides how: writes are SERIALIZABLE,
/// reads see one moment, and one that begins with claiming a job is READ COMMITTED, so that workers
/// take rows past each other.
final class PostgreSQLTransaction {
    enum Mode { case read, write }

    let connection: PostgreSQLConnection
    let mode: Mode
    private var isBegun = false
    /// The first thing that went wrong. PostgreSQL takes no further statement then, so the
    /// transaction cannot succeed, whatever the body makes of it.
    private(set) var failure: PostgreSQLError?
    /// What listeners are told when this is written, those of other processes too.
    var news: Set<MetadataChanges.Topic> = []

    init(_ connection: PostgreSQLConnection, _ mode: Mode) {
        self.connection = connection
        self.mode = mode
    }

    /// - Throws: `PostgreSQLError`; `.commitUnknown` when nobody knows whether something was
    ///   written.
    func commit() throws {
        guard isBegun else { return }
        do {
            for topic in news {
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

    private func noting<Value>(_ body: () throws -> Value) throws -> Value {
        if let failure { throw failure }
        do { return try body() } catch let error as PostgreSQLError {
            failure = error
            throw error
        }
    }

    private func begin(isClaim: Bool) throws {
        if isBegun { return }
        let kind =
            switch mode {
            case .read: "ISOLATION LEVEL REPEATABLE READ READ ONLY"
            case .write: "ISOLATION LEVEL \(isClaim ? "READ COMMITTED" : "SERIALIZABLE")"
            }
        try connection.execute("BEGIN \(kind)")
        isBegun = true
    }

    func rows(_ sql: String, _ arguments: [(any PostgreSQLBindable)?], isClaim: Bool = false)
        throws -> PostgreSQLRows
    {
        try noting {
            try begin(isClaim: isClaim)
            return try connection.execute(sql, arguments)
        }
    }

    func document(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(record), as: UTF8.self)
    }

    func all<Record: Decodable>(
        _ sql: String, _ arguments: [(any PostgreSQLBindable)?], isClaim: Bool = false
    ) throws -> [Record] {
        let decoder = JSONDecoder()
        let rows = try rows(sql, arguments, isClaim: isClaim)
        return try (0..<rows.count).map {
            try decoder.decode(Record.self, from: rows.blob($0, 0) ?? Data())
        }
    }

    func one<Record: Decodable>(
        _ sql: String, _ arguments: [(any PostgreSQLBindable)?], isClaim: Bool = false
    ) throws -> Record? {
        let records: [Record] = try all(sql, arguments, isClaim: isClaim)
        return records.first
    }

    func integer(_ sql: String, _ arguments: [(any PostgreSQLBindable)?]) throws -> Int {
        let rows = try rows(sql, arguments)
        return rows.count > 0 ? rows.integer(0, 0) : 0
    }

    func blob(_ sql: String, _ arguments: [(any PostgreSQLBindable)?]) throws -> Data? {
        let rows = try rows(sql, arguments)
        return rows.count > 0 ? rows.blob(0, 0) : nil
    }

    func execute(_ sql: String, _ arguments: [(any PostgreSQLBindable)?]) throws {
        _ = try rows(sql, arguments)
    }

    /// Executes a statement for each set of arguments, many in one round trip.
    func execute(_ sql: String, each sets: [[(any PostgreSQLBindable)?]]) throws {
        // An answer has some 50 bytes, an error a few hundred: far less than a socket holds.
        let setsMax = 256
        try noting {
            try begin(isClaim: false)
            for start in stride(from: 0, to: sets.count, by: setsMax) {
                try connection.execute(
                    sql, each: Array(sets[start..<min(start + setsMax, sets.count)]))
            }
        }
    }
}
