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
    /// No wait after a conflict is longer.
    package var conflictMillisecondsMax = 500.0
    /// The same after a first lost connection.
    package var reconnectMilliseconds = 50.0
    /// No wait after a lost connection is longer; a listener's grows to 10 s.
    package var reconnectMillisecondsMax = 1_000.0
    /// How long a change of the schema waits for a table. So long all others who want the table
    /// wait behind it; a second is no more than a slow answer to them.
    package var migrationLockMilliseconds = 1_000
    /// Then it lets them go on for so long, before it tries again.
    package var migrationPauseMilliseconds = 4_000.0
    /// How often a server looks whether another one has changed the schema.
    package var migrationPollMilliseconds = 100.0
    /// How long a server waits for the schema at its start: a backup of some gigabytes holds the
    /// tables so long.
    package var migrationSeconds = 600.0

    /// What servers and workers use; tests and measurements change members.
    package init() {}
}
