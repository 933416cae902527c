import CPostgreSQL
import FoundationEssentials
import Glibc

/// One connection with its prepared statements. Its calls block.
///
/// A connection that was lost stays lost: its holder throws it away.
final class PostgreSQLConnection: @unchecked Sendable {  // One thread at a time has it.
    private let connection: OpaquePointer
    private let address: PostgreSQLAddress
    /// Names on the server by text.
    private var prepared: [String: String] = [:]

    /// - Throws: `PostgreSQLError`.
    init(_ address: PostgreSQLAddress, _ limits: PostgreSQLLimits) throws {
        // What stands before the URL gives way to it.
        let options: KeyValuePairs = [
            "fallback_application_name": "spotter",
            "connect_timeout": "\(limits.connectSeconds)",
            // A host that vanished is noticed although no packet says so.
            "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "4",
            "tcp_user_timeout": "\(limits.statementMilliseconds)",
            "dbname": address.url,
            "client_encoding": "UTF8",
        ]
        self.address = address
        connection = try Self.open(options, address)
        // All questions have an index. Reading a small table whole would be quicker, but a
        // transaction that does conflicts with every other one that changes any row of it.
        // Compiling a statement takes longer than executing any of ours.
        _ = try execute(
            """
            SET statement_timeout = \(limits.statementMilliseconds);
            SET idle_in_transaction_session_timeout = \(limits.idleInTransactionMilliseconds);
            SET enable_seqscan = off;
            SET jit = off;
            SET synchronous_commit = on
            """)
    }

    deinit { PQfinish(connection) }

    private static func open(
        _ options: KeyValuePairs<String, String>, _ address: PostgreSQLAddress
    ) throws -> OpaquePointer {
        var keys: [UnsafePointer<CChar>?] = options.map { UnsafePointer(strdup($0.key)) }
        var values: [UnsafePointer<CChar>?] = options.map { UnsafePointer(strdup($0.value)) }
        defer {
            for text in keys + values { free(UnsafeMutableRawPointer(mutating: text)) }
        }
        keys.append(nil)
        values.append(nil)
        guard let connection = PQconnectdbParams(keys, values, 1) else {
            throw PostgreSQLError(.connectionLost, "There is not enough memory for a connection.")
        }
        guard PQstatus(connection) == CONNECTION_OK else {
            defer { PQfinish(connection) }
            if PQconnectionNeedsPassword(connection) != 0 {
                throw PostgreSQLError(
                    .refused, "It wants a password: set PGPASSWORD, or write it into ~/.pgpass.")
            }
            throw PostgreSQLError(
                .connectionLost,
                address.withoutSecrets(String(cString: PQerrorMessage(connection))))
        }
        // Notices are for people at a terminal.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        return connection
    }

    var isLost: Bool { PQstatus(connection) != CONNECTION_OK }
    var isInTransaction: Bool { PQtransactionStatus(connection) != PQTRANS_IDLE }

    /// Executes statements without parameters.
    ///
    /// - Returns: the last one's result.
    @discardableResult
    func execute(_ sql: String) throws -> PostgreSQLRows { try check(PQexec(connection, sql)) }

    /// Executes a statement with parameters, which is prepared the first time.
    @discardableResult
    func execute(_ sql: String, _ arguments: SQLArguments) throws -> PostgreSQLRows {
        let name = try prepare(sql)
        let parameters = try PostgreSQLParameters(arguments)
        return try check(
            PQexecPrepared(
                connection, name, Int32(parameters.values.count), parameters.values,
                parameters.lengths, parameters.formats, 1))
    }

    /// Executes a statement without rows once for each set of parameters, in one round trip.
    ///
    /// - Parameter sets: so few that the server's answers fit into the buffers of the connection:
    ///   nobody reads them until all are sent.
    func execute(_ sql: String, each sets: [SQLArguments]) throws {
        let name = try prepare(sql)
        guard PQenterPipelineMode(connection) == 1 else { throw lost() }
        defer { PQexitPipelineMode(connection) }
        var sent = 0
        var failure: (any Error)?
        do {
            for set in sets {
                let parameters = try PostgreSQLParameters(set)
                guard
                    PQsendQueryPrepared(
                        connection, name, Int32(parameters.values.count), parameters.values,
                        parameters.lengths, parameters.formats, 1) == 1
                else { throw lost() }
                sent += 1
            }
        } catch {
            failure = error
        }
        guard PQpipelineSync(connection) == 1 else { throw lost() }
        for _ in 0..<sent {
            do { try check(PQgetResult(connection)) } catch { failure = failure ?? error }
            // The end of this statement's results.
            if let more = PQgetResult(connection) { PQclear(more) }
        }
        if let end = PQgetResult(connection) { PQclear(end) }
        if let failure { throw failure }
    }

    /// Whether a table of the `search_path` has a column.
    func hasColumn(_ column: String, of table: String) throws -> Bool {
        try execute(
            """
            SELECT 1 FROM pg_attribute
            WHERE attrelid = to_regclass($1) AND attname = $2 AND NOT attisdropped
            """, [table, column]
        ).count > 0
    }

    /// Payloads of the notifications on channels that this connection listens to.
    ///
    /// - Parameter waitMilliseconds: how long to wait for the first one.
    func notifications(waitMilliseconds: Int32) throws -> [String] {
        var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        guard descriptor.fd >= 0 else { throw lost() }
        _ = poll(&descriptor, 1, waitMilliseconds)
        guard PQconsumeInput(connection) == 1 else { throw lost() }
        var payloads: [String] = []
        while let notification = PQnotifies(connection) {
            payloads.append(String(cString: notification.pointee.extra))
            PQfreemem(notification)
        }
        return payloads
    }

    private func prepare(_ sql: String) throws -> String {
        if let name = prepared[sql] { return name }
        let name = "s\(prepared.count)"
        try check(PQprepare(connection, name, sql, 0, nil))
        prepared[sql] = name
        return name
    }

    @discardableResult
    private func check(_ result: OpaquePointer?) throws -> PostgreSQLRows {
        guard let result else { throw lost() }
        let rows = PostgreSQLRows(owning: result)
        switch rows.status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: return rows
        default:
            // PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY.
            guard let state = rows.errorField("C"), !isLost else {
                throw lost(rows.errorField("M"))
            }
            throw PostgreSQLError(
                sqlState: state, address.withoutSecrets(rows.errorField("M") ?? "unknown error"))
        }
    }

    private func lost(_ message: String? = nil) -> PostgreSQLError {
        PostgreSQLError(
            .connectionLost,
            address.withoutSecrets(message ?? String(cString: PQerrorMessage(connection))))
    }
}
