/// Why a statement or a connection to PostgreSQL failed. Messages have no values of rows and no
/// secrets.
///
/// Callers of a store see the code `constraint` only; the store tries again after the others, or
/// reports `StorageError.unavailable`.
package struct PostgreSQLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller can do about it.
    package enum Code: Sendable {
        /// Others changed what the transaction had read, or waited for each other: nothing was
        /// written, and another try may succeed.
        case conflict
        /// A constraint does not allow the row; beside others' changes another try may find why.
        case constraint
        /// The connection could not be made or was lost, and nothing was written.
        case connectionLost
        /// The connection was lost after COMMIT was sent: nobody knows whether it was written.
        case commitUnknown
        /// The statement took too long and was ended.
        case timedOut
        /// What is wrong will not pass: a refused login, a missing right, a mistake of ours.
        case refused
    }

    package let code: Code
    /// Five characters as PostgreSQL documents them; empty when the server said nothing.
    package let sqlState: String
    /// The server's or libpq's message, in one line.
    package let message: String

    /// The SQLSTATE of a server whose disk has no room left.
    static let diskFull = "53100"

    /// An error that the caller has already put into its code.
    package init(_ code: Code, sqlState: String = "", _ message: String) {
        self.code = code
        self.sqlState = sqlState
        self.message = message
    }

    /// What the server said to a statement.
    init(sqlState: String, _ message: String) {
        self.init(Self.code(sqlState: sqlState), sqlState: sqlState, message)
    }

    /// The message, and the SQLSTATE if the server gave one.
    package var description: String { sqlState.isEmpty ? message : "\(message) (\(sqlState))" }

    private static func code(sqlState: String) -> Code {
        switch sqlState {
        // The last: no memory is left for the locks of others' transactions, which will end.
        case "40001", "40P01", "53200": .conflict
        // The server is starting, stopping, lost its neighbour, or has too many connections.
        case "57P01", "57P02", "57P03", "25P03", "53300": .connectionLost
        // Cancelled, by our own timeout as a rule.
        case "57014", "55P03": .timedOut
        default:
            switch sqlState.prefix(2) {
            case "08": .connectionLost
            case "23": .constraint
            default: .refused
            }
        }
    }
}
