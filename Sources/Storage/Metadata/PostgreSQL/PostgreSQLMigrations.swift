import Glibc

/// Makes the steps of `Schema` while servers and workers of the version before go on.
///
/// A table's step waits for the transactions that use the table, and those that come after it wait
/// behind it: it does so for a moment only, and tries again later. All steps that a database lacks
/// are one transaction. Their names are recorded in the table `spotter_migration`.
enum PostgreSQLMigrations {
    typealias Step = Schema.Step

    /// "spotter" in ASCII: an advisory lock that other programs are unlikely to take.
    private static let lockKey = 0x73_706f_7474_6572

    /// Adds the steps that the schema lacks. Of several servers that start at once, one does it and
    /// the others wait. Without such steps a role that may change no tables is enough.
    ///
    /// - Parameters:
    ///   - steps: all that the program knows, in their order.
    ///   - observer: called once before a schema with tables is changed.
    /// - Throws: `StorageError.unavailable` for a schema that needs a newer program, or for one
    ///   that could not be changed in time; `PostgreSQLError`; what `observer` throws.
    static func migrate(
        _ connection: PostgreSQLConnection, _ address: PostgreSQLAddress,
        _ limits: PostgreSQLLimits,
        steps: [Step] = Schema.steps, observer: PostgreSQLSchemaChange.Observer? = nil
    ) throws {
        var observer = observer
        var start = ContinuousClock.now
        func pause(_ milliseconds: Double, because reason: String) throws {
            guard (ContinuousClock.now - start) / .seconds(1) < limits.migrationSeconds else {
                let lacking = try lacking(connection, address, steps).map(\.name)
                throw StorageError(
                    .unavailable,
                    "The schema of the \(address) lacks \(lacking.joined(separator: ", ")), and "
                        + "could not be changed: \(reason)")
            }
            usleep(UInt32(milliseconds * 1000))
        }
        while try !lacking(connection, address, steps).isEmpty {
            guard try lock(connection) else {
                try pause(
                    limits.migrationPollMilliseconds, because: "another server is changing it.")
                continue
            }
            defer { unlock(connection) }
            if let observe = observer,
                let change = try PostgreSQLSchemaChange(
                    connection, missing: try lacking(connection, address, steps).map(\.name))
            {
                do { try observe(change) } catch {
                    guard connection.isLost else { throw error }
                    throw PostgreSQLError(.connectionLost, "It ended during a backup: \(error)")
                }
                observer = nil
                // A backup of many files takes its time, and then the tables have to become free.
                start = .now
            }
            do {
                return try add(steps, connection, address, limits)
            } catch let error as PostgreSQLError where [.conflict, .timedOut].contains(error.code) {
                try pause(
                    limits.migrationPauseMilliseconds,
                    because: "a transaction that does not end holds what the change needs "
                        + "(\(error)). Look at pg_stat_activity for it.")
            } catch let error as PostgreSQLError where error.sqlState == "42501" {
                let lacking = try lacking(connection, address, steps).map(\.name)
                throw StorageError(
                    .unavailable,
                    "The schema of the \(address) lacks \(lacking.joined(separator: ", ")), and "
                        + "the role may not change it (\(error)). Start this version once as the "
                        + "owner of the tables.")
            }
        }
    }

    /// The steps that are still to be added.
    private static func lacking(
        _ connection: PostgreSQLConnection, _ address: PostgreSQLAddress, _ steps: [Step]
    ) throws -> [Step] {
        let table = try connection.execute("SELECT to_regclass('spotter_migration')::text", [])
        guard table.blob(0, 0) != nil else { return steps }
        let hasRequires = try connection.hasColumn("requires", of: "spotter_migration")
        let rows = try connection.execute(
            """
            SELECT name, \(hasRequires ? "requires" : "NULL") AS requires FROM spotter_migration
            ORDER BY name
            """, [])
        let there = (0..<rows.count).map { rows.text($0, 0) }
        let newest = steps.last?.name ?? ""
        // Programs made before a step that only adds something can use the schema with it.
        let newer = (0..<rows.count).first { row in
            !steps.contains { $0.name == there[row] } && rows.text(row, 1) > newest
        }
        if let newer {
            throw StorageError(
                .unavailable,
                "The \(address) was made by a newer Spotter: its schema has the step "
                    + "\(there[newer]), which needs \(rows.text(newer, 1)); this program knows "
                    + "none after \(newest). Use the newer one.")
        }
        return steps.filter { !there.contains($0.name) }
    }

    /// Adds what is lacking, all of it or nothing.
    private static func add(
        _ steps: [Step], _ connection: PostgreSQLConnection, _ address: PostgreSQLAddress,
        _ limits: PostgreSQLLimits
    ) throws {
        do {
            try connection.execute(
                """
                BEGIN ISOLATION LEVEL READ COMMITTED;
                SET LOCAL statement_timeout = 0;
                SET LOCAL lock_timeout = \(limits.migrationLockMilliseconds)
                """)
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS spotter_migration (
                    name TEXT COLLATE "C" NOT NULL PRIMARY KEY
                )
                """)
            if try !connection.hasColumn("requires", of: "spotter_migration") {
                try connection.execute(
                    "ALTER TABLE spotter_migration ADD COLUMN requires TEXT COLLATE \"C\"")
            }
            for step in try lacking(connection, address, steps) {
                try connection.execute(step.sql(.postgreSQL))
                try connection.execute(
                    "INSERT INTO spotter_migration (name, requires) VALUES ($1, $2)",
                    [step.name, step.requires])
            }
            try connection.execute("COMMIT")
        } catch {
            if !connection.isLost { _ = try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// Keeps other servers from changing the schema, also while this one pauses.
    private static func lock(_ connection: PostgreSQLConnection) throws -> Bool {
        let rows = try connection.execute(
            "SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END", [lockKey])
        return rows.integer(0, 0) == 1
    }

    /// A connection on which this fails was lost, and the lock with it.
    private static func unlock(_ connection: PostgreSQLConnection) {
        _ = try? connection.execute("SELECT pg_advisory_unlock($1)", [lockKey])
    }
}
