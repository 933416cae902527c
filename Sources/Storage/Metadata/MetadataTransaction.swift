import Base
import FoundationEssentials

/// The rows of one transaction: what the body of `MetadataStore.read` or `write` reads and changes.
///
/// Its methods are in `Tables`, one file for each kind of row. They block, so bodies run on threads
/// of the store, and they see what the transaction itself has written. A transaction is used by its
/// body only, on the body's thread, and not after it.
///
/// There is one implementation for all databases; what differs is the connection below it, so this
/// is a type and not a protocol.
///
/// Every method throws the error of the driver when the database does not do what it should:
/// `DatabaseError` of GRDB or `PostgreSQLError`, also when a constraint refuses the row. With
/// PostgreSQL nothing of the transaction can be written after that. A row that is not the JSON of
/// its record gives `DecodingError`, and a text that the database does not store, which with
/// PostgreSQL is one with U+0000, `StorageError.invalidName`. A body lets these errors pass.
package struct MetadataTransaction {
    let connection: any SQLConnection

    init(_ connection: any SQLConnection) { self.connection = connection }

    var dialect: SQLDialect { connection.dialect }

    /// Executes a statement without rows.
    func execute(_ sql: String, _ arguments: SQLArguments) throws {
        try connection.execute(sql, each: [arguments])
    }

    /// The records in the first column of an answer.
    func all<Record: Decodable>(_ sql: String, _ arguments: SQLArguments) throws -> [Record] {
        try connection.query(sql, arguments) { row in
            try JSONCoding.decode(Record.self, from: row.bytes(0) ?? Data())
        }
    }

    /// The record in the first column of the first row; nil if there is no row.
    func one<Record: Decodable>(_ sql: String, _ arguments: SQLArguments) throws -> Record? {
        let records: [Record] = try all(sql, arguments)
        return records.first
    }

    /// The first row; nil if there is none.
    func row<Value>(
        _ sql: String, _ arguments: SQLArguments, _ read: (any SQLRow) throws -> Value
    ) throws -> Value? {
        try connection.query(sql, arguments, read).first
    }

    /// The integer in the first column of the first row; 0 if there is no row.
    func integer(_ sql: String, _ arguments: SQLArguments) throws -> Int {
        try row(sql, arguments) { $0.integer(0) } ?? 0
    }

    /// The blob in the first column of the first row; nil if there is no row.
    func blob(_ sql: String, _ arguments: SQLArguments) throws -> Data? {
        try row(sql, arguments) { $0.bytes(0) } ?? nil
    }

    /// A record as its column keeps it.
    func document(_ record: some Encodable) throws -> String { try JSONCoding.text(record) }
}
