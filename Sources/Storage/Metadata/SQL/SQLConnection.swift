/// Where `MetadataTransaction` sends the statements of one transaction: a driver with its
/// connection.
///
/// Parameters are written `$1`, `$2` and so on. SQLite numbers them in the order in which they
/// first appear in a text and PostgreSQL by their number, so the first appearances must ascend. A
/// text is prepared once for each connection, so values are parameters and never part of a text.
///
/// All methods block, and are called on one thread at a time. After an error of PostgreSQL every
/// further statement of the transaction throws the same error.
protocol SQLConnection {
    /// How the database writes what is not the same in both. It does not change within a
    /// transaction.
    var dialect: SQLDialect { get }

    /// Executes a statement that gives rows.
    ///
    /// - Parameter read: called for each row in the order of the answer; it must execute nothing.
    /// - Returns: what `read` made of each row.
    /// - Throws: `DatabaseError` of GRDB or `PostgreSQLError`; `StorageError.invalidName` for a
    ///   text that the database does not store; what `read` throws.
    func query<Value>(
        _ sql: String, _ arguments: SQLArguments, _ read: (any SQLRow) throws -> Value
    ) throws -> [Value]

    /// Executes a statement without rows, once for each set of arguments, in their order. With
    /// PostgreSQL many sets share a round trip.
    ///
    /// - Throws: as `query`; nothing of the transaction is kept then.
    func execute(_ sql: String, each sets: [SQLArguments]) throws

    /// Says that the transaction takes a row that others may want at the same moment. Called before
    /// the first statement it lets PostgreSQL's claimers take rows past each other (READ COMMITTED)
    /// where other writes are SERIALIZABLE; later, and in SQLite, it does nothing.
    ///
    /// - Throws: `PostgreSQLError`, when the transaction cannot be begun.
    func beginClaim() throws

    /// Posts a topic in `MetadataStore.changes` once the transaction has been written, and not if
    /// it is rolled back. A topic is posted once for each transaction.
    func announce(_ topic: MetadataChanges.Topic)
}
