import FoundationEssentials
import NIOPosix
import Synchronization

/// Metadata in PostgreSQL, through libpq. Statements run on threads of their own, one for each
/// connection.
///
/// A transaction that met others, or lost its connection before its end, is tried again, so a body
/// may run more than once; what it did before left nothing behind. When the connection is lost
/// while the end is acknowledged, the caller gets `StorageError.unavailable` and tries again
/// itself: client tokens and leases show what happened.
package final class PostgreSQLStore: MetadataStore {
    private struct State {
        var idle: [PostgreSQLConnection] = []
        var isSchemaKnown = false
    }

    private let address: PostgreSQLAddress
    private let limits: PostgreSQLLimits
    private let steps: [PostgreSQLMigrations.Step]
    private let observer: PostgreSQLSchemaChange.Observer?
    private let threads: NIOThreadPool
    private let state = Mutex(State())
    let listener: PostgreSQLListener

    /// Connects to nothing yet; the first call does, and brings the schema up to date.
    ///
    /// - Parameters:
    ///   - url: `postgres://USER@HOST/DATABASE?sslmode=…` as libpq takes it, with the password in
    ///     it, in PGPASSWORD or in a password file.
    ///   - observer: called before this store changes the schema of a database with tables.
    /// - Throws: `StorageError.invalidName` for text that is not such a URL.
    package convenience init(
        url: String, limits: PostgreSQLLimits = PostgreSQLLimits(),
        observer: PostgreSQLSchemaChange.Observer? = nil
    ) throws(StorageError) {
        try self.init(url: url, limits: limits, steps: Schema.steps, observer: observer)
    }

    /// - Parameter steps: of the schema that the program knows; tests are other programs.
    init(
        url: String, limits: PostgreSQLLimits, steps: [PostgreSQLMigrations.Step],
        observer: PostgreSQLSchemaChange.Observer? = nil
    ) throws(StorageError) {
        address = try PostgreSQLAddress(url: url)
        self.limits = limits
        self.steps = steps
        self.observer = observer
        threads = NIOThreadPool(numberOfThreads: limits.connections)
        threads.start()
        listener = PostgreSQLListener(address, limits)
    }

    /// Checks a URL without connecting.
    ///
    /// - Throws: `StorageError.invalidName` for text that is not a URL of a database; the message
    ///   has no part of it.
    package static func check(url: String) throws(StorageError) {
        _ = try PostgreSQLAddress(url: url)
    }

    deinit {
        threads.shutdownGracefully { _ in }
        listener.stop()
    }

    /// Reports what all processes at the database write. The first call begins to listen, on a
    /// connection and a thread of the store's own; after a lost connection every topic is posted.
    package var changes: MetadataChanges {
        listener.start()
        return listener.changes
    }

    /// Host and database, for people, without secrets.
    package var name: String { address.description }

    /// Runs as REPEATABLE READ READ ONLY; repeated after a lost connection.
    ///
    /// - Throws: as `MetadataStore.read`; `PostgreSQLError.constraint` never.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await run(.read, body)
    }

    /// Runs as SERIALIZABLE; repeated after a lost connection, up to `outageSeconds`, and after a
    /// conflict, up to `conflictsMax` times.
    ///
    /// - Throws: as `MetadataStore.write`; `PostgreSQLError` of code `constraint` for a row that a
    ///   constraint refuses, after a second try.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await run(.write, body)
    }

    private func run<Value: Sendable>(
        _ mode: PostgreSQLStatements.Mode,
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        var retries = PostgreSQLRetries(limits: limits)
        // Not from the call on: one that waited long for a thread is tried again all the same.
        var firstFailure: ContinuousClock.Instant?
        while true {
            do {
                return try await threads.runIfActive { [self] in try attempt(mode, body) }
            } catch let error as PostgreSQLError {
                let now = ContinuousClock.now
                let elapsed = (now - (firstFailure ?? now)) / .seconds(1)
                firstFailure = firstFailure ?? now
                guard
                    let delay = retries.delay(
                        after: error.code, elapsedSeconds: elapsed,
                        random: Double.random(in: 0...1))
                else { throw reported(error) }
                try await Task.sleep(for: .milliseconds(delay))
            }
        }
    }

    /// One try, on one of the store's threads.
    private func attempt<Value>(
        _ mode: PostgreSQLStatements.Mode, _ body: (MetadataTransaction) throws -> Value
    ) throws -> Value {
        let connection = try take()
        defer { giveBack(connection) }
        let statements = PostgreSQLStatements(connection, mode)
        do {
            let value = try body(MetadataTransaction(statements))
            if let failure = statements.failure { throw failure }
            try statements.commit()
            return value
        } catch {
            statements.rollBack()
            throw statements.failure ?? error
        }
    }

    private func take() throws -> PostgreSQLConnection {
        let (idle, isSchemaKnown) = state.withLock { ($0.idle.popLast(), $0.isSchemaKnown) }
        if let idle { return idle }
        let connection = try PostgreSQLConnection(address, limits)
        if !isSchemaKnown {
            try PostgreSQLMigrations.migrate(
                connection, address, limits, steps: steps, observer: observer)
            state.withLock { $0.isSchemaKnown = true }
        }
        return connection
    }

    private func giveBack(_ connection: PostgreSQLConnection) {
        // What took one connection away took the others too, as a rule. They are closed outside
        // the lock.
        let dropped: [PostgreSQLConnection] = state.withLock { state in
            if connection.isLost {
                defer { state.idle = [] }
                return state.idle
            }
            if !connection.isInTransaction { state.idle.append(connection) }
            return []
        }
        _ = dropped
    }

    /// What callers get for an error after which nothing is tried again.
    private func reported(_ error: PostgreSQLError) -> any Error {
        switch error.code {
        case .constraint: error
        case .conflict:
            StorageError(
                .unavailable,
                "The \(address) is busy: a transaction met others \(limits.conflictsMax) times.")
        case .connectionLost, .refused:
            StorageError(
                error.sqlState == PostgreSQLError.diskFull ? .full : .unavailable,
                "The \(address) cannot be used: \(error)")
        case .commitUnknown:
            StorageError(
                .unavailable,
                "The connection to the \(address) was lost at the end of a transaction; whether it "
                    + "was written is not known: \(error)")
        case .timedOut:
            StorageError(
                .unavailable,
                "The \(address) took longer than \(limits.statementMilliseconds / 1000) s: \(error)"
            )
        }
    }
}
