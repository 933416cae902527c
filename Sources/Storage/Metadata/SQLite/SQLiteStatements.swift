import FoundationEssentials
import GRDB

/// The statements of one transaction that GRDB has begun and will end.
final class SQLiteStatements: SQLConnection {
    private let database: Database
    /// What is to be posted once the transaction has been written.
    private(set) var topics: Set<MetadataChanges.Topic> = []

    init(_ database: Database) { self.database = database }

    let dialect = SQLDialect.sqlite

    func query<Value>(
        _ sql: String, _ arguments: SQLArguments, _ read: (any SQLRow) throws -> Value
    ) throws -> [Value] {
        let rows = try Row.fetchCursor(statement(sql), arguments: Self.bindings(arguments))
        var values: [Value] = []
        while let row = try rows.next() { values.append(try read(SQLiteRow(row: row))) }
        return values
    }

    func execute(_ sql: String, each sets: [SQLArguments]) throws {
        let statement = try statement(sql)
        for set in sets { try statement.execute(arguments: Self.bindings(set)) }
    }

    func beginClaim() {}

    func announce(_ topic: MetadataChanges.Topic) { topics.insert(topic) }

    /// Prepared once for each connection: preparing takes longer than most statements.
    private func statement(_ sql: String) throws -> Statement {
        try database.cachedStatement(sql: sql)
    }

    private static func bindings(_ arguments: SQLArguments) -> StatementArguments {
        StatementArguments(
            arguments.map { argument -> DatabaseValue in
                switch argument?.sqlValue {
                case .text(let text): text.databaseValue
                case .integer(let integer): integer.databaseValue
                case .real(let real): real.databaseValue
                case .blob(let bytes): bytes.databaseValue
                case nil: .null
                }
            })
    }
}

/// A row of a statement that is being stepped through: GRDB gives the same object for each row.
private struct SQLiteRow: SQLRow {
    let row: Row

    /// GRDB ends texts at U+0000; those that may have one are in JSON, which escapes it.
    func text(_ column: Int) -> String { row[column] as String? ?? "" }

    func integer(_ column: Int) -> Int { row[column] as Int? ?? 0 }

    func real(_ column: Int) -> Double { row[column] as Double? ?? 0 }

    func bytes(_ column: Int) -> Data? { row[column] as Data? }
}
