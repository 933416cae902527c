import Base
import FoundationEssentials
import GRDB

/// A SQLite database as it was at one moment, with the newest schema.
struct RowCopySource {
    /// Bounds of what is read at once: the statements of a batch are in memory, and their answers
    /// must fit into the buffers of a connection.
    private enum Bounds {
        static let rowsMax = 256
        static let bytesMax = 4 << 20
    }

    private let path: String
    /// A file without a name, which vanishes with the process.
    private let snapshot: DatabaseQueue

    init(path: String) throws {
        self.path = path
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        do {
            snapshot = try DatabaseQueue(path: "")
            try DatabaseQueue(path: path, configuration: configuration).backup(to: snapshot)
            guard try snapshot.read({ try $0.tableExists("grdb_migrations") }) else {
                throw StorageError(.unavailable, "\(path) is not a database of Spotter's.")
            }
            guard try !snapshot.read(Schema.sqliteMigrator.hasBeenSuperseded) else {
                throw StorageError(
                    .unavailable,
                    "The database \(path) was made by a newer Spotter; use that one to copy it.")
            }
            try Schema.sqliteMigrator.migrate(snapshot)
        } catch let error as DatabaseError {
            throw StorageError(.unavailable, "The database \(path) could not be read: \(error)")
        }
    }

    func columns(of table: String) throws -> [String] {
        try reading { try $0.columns(in: table).map(\.name) }
    }

    func count(_ table: String) throws -> Int {
        try reading { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM \"\(table)\"") ?? 0 }
    }

    /// The highest position that a row of the table ever had; positions are never used twice.
    func lastPosition(of table: String) throws -> Int? {
        try reading {
            try Int.fetchOne(
                $0, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [table])
        }
    }

    /// Calls `body` with the rows of a table, some at a time, in the order of their keys.
    func batches(
        of table: String, _ columns: [String],
        _ body: ([SQLArguments]) throws -> Void
    ) throws {
        try reading { database in
            // GRDB ends texts at U+0000, SQLite does not.
            let values = columns.map {
                "CASE typeof(\"\($0)\") WHEN 'text' THEN CAST(\"\($0)\" AS BLOB) ELSE \"\($0)\" END"
            }
            let types = columns.map { "typeof(\"\($0)\")" }
            let keys = try database.primaryKey(table).columns
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT \((values + types).joined(separator: ", ")) FROM "\(table)"
                    ORDER BY \(keys.map { "\"\($0)\"" }.joined(separator: ", "))
                    """)
            var (batch, bytes): ([SQLArguments], Int) = ([], 0)
            while let row = try rows.next() {
                var values: SQLArguments = []
                for (index, column) in columns.enumerated() {
                    do {
                        let (value, size) = try value(row, index, type: row[columns.count + index])
                        values.append(value)
                        bytes += size
                    } catch let problem as Problem {
                        let key = keys.compactMap { columns.firstIndex(of: $0) }.map {
                            name(row, $0, type: row[columns.count + $0])
                        }
                        throw StorageError(
                            .invalidName,
                            "The row \(key.joined(separator: ", ")) of table \(table) has "
                                + "\(problem.rawValue) in its column \(column), which PostgreSQL "
                                + "does not store. Remove what it stands for, or give it another "
                                + "name, and copy again.")
                    }
                }
                batch.append(table == "job" ? try queued(values, columns) : values)
                if batch.count == Bounds.rowsMax || bytes >= Bounds.bytesMax {
                    try body(batch)
                    (batch, bytes) = ([], 0)
                }
            }
            if !batch.isEmpty { try body(batch) }
        }
    }

    private enum Problem: String, Error {
        case noUnicode = "bytes that are not UTF-8"
        case zero = "the character U+0000"
    }

    private func value(_ row: Row, _ index: Int, type: String) throws -> (
        (any SQLBindable)?, bytes: Int
    ) {
        switch type {
        case "null": return (nil, 0)
        case "integer": return (row[index] as Int, 8)
        case "real": return (row[index] as Double, 8)
        case "blob":
            let bytes: Data = row[index]
            return (bytes, bytes.count)
        default:
            let bytes: Data = row[index]
            guard !bytes.contains(0) else { throw Problem.zero }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Problem.noUnicode
            }
            return (text, bytes.count)
        }
    }

    /// A value of a key, for people.
    private func name(_ row: Row, _ index: Int, type: String) -> String {
        guard type == "text" else { return "\(row[index] as Int)" }
        let bytes: Data = row[index]
        return "'\(String(decoding: bytes, as: UTF8.self).replacing("\0", with: "\\0"))'"
    }

    /// The row of a job, which is queued if it was running.
    private func queued(_ values: SQLArguments, _ columns: [String]) throws
        -> SQLArguments
    {
        var named = Dictionary(uniqueKeysWithValues: zip(columns, values))
        guard named["state"] as? String == JobRecord.State.running.rawValue,
            let document = named["document"] as? String
        else { return values }
        let present = Data(document.utf8)
        var job = try JSONCoding.decode(JobRecord.self, from: present)
        job.state = .queued
        job.leaseOwner = nil
        job.leaseExpiry = nil
        named["state"] = job.state.rawValue
        named["lease_expiry"] = .some(nil)
        named["document"] = try KeptMembers.document(job, replacing: present)
        return columns.map { named[$0] ?? nil }
    }

    private func reading<Value>(_ body: (Database) throws -> Value) throws -> Value {
        do { return try snapshot.read(body) } catch let error as DatabaseError {
            throw StorageError(.unavailable, "The copy of \(path) could not be read: \(error)")
        }
    }
}
