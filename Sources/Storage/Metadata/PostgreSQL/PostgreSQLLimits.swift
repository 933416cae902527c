/// The bounds of a `PostgreSQLStore`.
package struct PostgreSQLLimits: Sendable {
    /// Connections at once, each with a thread of its own. Two lanes of jobs, their heartbeats and
    /// a few requests beside them; PostgreSQL's own default allows 100 for all its clients.
    package var connections = 8
    /// The server ends a statement that takes longer. The longest of ours removes a large dataset.
    package var statementMilliseconds = 30_000
    /// The server ends a transaction whose client says nothing for so long: ours does not think
    /// between two statements, so it is paused or gone, and others wait for its locks.
    package var idleInTransactionMilliseconds = 30_000
    /// For each address of a host; the URL's `connect_timeout` goes before.
    package var connectSeconds = 5
    /// How long calls wait for a database that is away before they fail: a restart, not an outage.
    /// Clients of the API wait a minute.
    package var outageSeconds = 10.0
    /// A transaction that so often met others which changed what it had read gives up.
    package var conflictsMax = 24
    /// The wait after a first conflict is up to so long, then up to twice as long, and so on.
    package var conflictMilliseconds = 4.0
    package var conflictMillisecondsMax = 500.0
    /// The same after a first lost connection.
    package var reconnectMilliseconds = 50.0
    package var reconnectMillisecondsMax = 1_000.0

    package init() {}
}
