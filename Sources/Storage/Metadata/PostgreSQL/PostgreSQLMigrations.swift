/// The schema, step by step: the steps of `Migrations`, under the same numbers and names, in
/// PostgreSQL's words. What is said there holds here too.
///
/// Servers and workers of the previous version go on while a newer one brings the schema up to
/// date, so a step only adds: tables, columns with a default, indexes. One that cannot must come a
/// version later than the code that does without what it takes away, and say in `requires` which
/// step a program must know to use the schema after it.
///
/// Texts compare by their bytes, as in SQLite. The times of entries are those of the column: their
/// documents keep the time of the last addition.
enum PostgreSQLMigrations {
    /// Brings the schema up to date; of several servers that start at once, one does it and the
    /// others wait.
    ///
    /// - Throws: `StorageError.unavailable` for a schema that is newer than this program;
    ///   `PostgreSQLError`.
    static func migrate(_ connection: PostgreSQLConnection, _ address: PostgreSQLAddress) throws {
        do {
            try connection.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0")
            try connection.execute("SELECT pg_advisory_xact_lock(\(lockKey))")
            // Once the tables are there, a role that may not make any is enough.
            let table = try connection.execute("SELECT to_regclass('spotter_migration')::text", [])
            if table.blob(0, 0) == nil {
                try connection.execute(
                    """
                    CREATE TABLE spotter_migration (
                        name TEXT COLLATE "C" NOT NULL PRIMARY KEY
                    )
                    """)
            }
            if try !connection.hasColumn("requires", of: "spotter_migration") {
                try connection.execute(
                    "ALTER TABLE spotter_migration ADD COLUMN requires TEXT COLLATE \"C\"")
            }
            let rows = try connection.execute(
                "SELECT name, requires FROM spotter_migration ORDER BY name", [])
            let known = (0..<rows.count).map { rows.text($0, 0) }
            let names = steps.map(\.name)
            // Steps that only add something leave programs of before at work.
            let newer = (0..<rows.count).first { row in
                !names.contains(rows.text(row, 0)) && rows.text(row, 1) > names.last ?? ""
            }
            if let newer {
                throw StorageError(
                    .unavailable,
                    "The \(address) was made by a newer Spotter: its schema has the step "
                        + "\(rows.text(newer, 0)), which needs \(rows.text(newer, 1)); this "
                        + "program knows none after \(names.last ?? ""). Use the newer one.")
            }
            for (name, sql) in steps where !known.contains(name) {
                try connection.execute(sql)
                try connection.execute("INSERT INTO spotter_migration (name) VALUES ($1)", [name])
            }
            try connection.execute("COMMIT")
        } catch {
            if !connection.isLost { _ = try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// "spotter" in ASCII; nobody else's lock, as far as one can tell.
    private static let lockKey = 0x73_706f_7474_6572

    static var names: [String] { steps.map(\.name) }

    private static let steps: [(name: String, sql: String)] = [
        (
            "0001-projects-models-jobs",
            """
            CREATE TABLE project (
                name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
                document TEXT NOT NULL
            );

            CREATE TABLE dataset (
                project TEXT COLLATE "C" NOT NULL REFERENCES project (name),
                type TEXT COLLATE "C" NOT NULL,
                document TEXT NOT NULL,
                PRIMARY KEY (project, type)
            );

            CREATE TABLE dataset_entry (
                position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                project TEXT COLLATE "C" NOT NULL,
                type TEXT COLLATE "C" NOT NULL,
                source_ref TEXT COLLATE "C" NOT NULL,
                verdict TEXT COLLATE "C",
                document TEXT NOT NULL,
                UNIQUE (project, type, source_ref),
                FOREIGN KEY (project, type) REFERENCES dataset (project, type) ON DELETE CASCADE
            );
            -- SQLite's own indexes have the position in them.
            CREATE UNIQUE INDEX dataset_entry_position ON dataset_entry (project, type, position);

            CREATE TABLE model (
                project TEXT COLLATE "C" NOT NULL REFERENCES project (name),
                version BIGINT NOT NULL,
                status TEXT COLLATE "C" NOT NULL,
                document TEXT NOT NULL,
                PRIMARY KEY (project, version)
            );
            CREATE INDEX model_status ON model (status);

            CREATE TABLE packaging_job (
                position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                project TEXT COLLATE "C" NOT NULL REFERENCES project (name),
                job_name TEXT COLLATE "C" NOT NULL,
                component TEXT COLLATE "C" NOT NULL,
                component_version TEXT COLLATE "C" NOT NULL,
                status TEXT COLLATE "C" NOT NULL,
                document TEXT NOT NULL,
                UNIQUE (project, job_name)
            );
            -- Two jobs must not write one component version at the same time.
            CREATE UNIQUE INDEX packaging_job_running
                ON packaging_job (component, component_version) WHERE status = 'RUNNING';

            CREATE TABLE job (
                position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id TEXT COLLATE "C" NOT NULL UNIQUE,
                kind TEXT COLLATE "C" NOT NULL,
                state TEXT COLLATE "C" NOT NULL,
                not_before DOUBLE PRECISION NOT NULL,
                lease_expiry DOUBLE PRECISION,
                document TEXT NOT NULL
            );
            CREATE INDEX job_state ON job (state, not_before);
            -- Workers look for the oldest of these only.
            CREATE INDEX job_open ON job (position) WHERE state IN ('queued', 'running');

            CREATE TABLE client_token (
                key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
                created DOUBLE PRECISION NOT NULL,
                document TEXT NOT NULL
            );
            CREATE INDEX client_token_created ON client_token (created);

            CREATE TABLE tag (
                resource TEXT COLLATE "C" NOT NULL,
                key TEXT COLLATE "C" NOT NULL,
                value TEXT NOT NULL,
                PRIMARY KEY (resource, key)
            );

            CREATE TABLE setting (
                name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
                value BYTEA NOT NULL
            );
            """
        ),
        (
            "0002-entry-times-changes-users",
            """
            ALTER TABLE dataset_entry ADD COLUMN created DOUBLE PRECISION NOT NULL DEFAULT 0;
            -- Documents count seconds from 2001, columns from 1970.
            UPDATE dataset_entry SET created =
                (document::json ->> 'created')::double precision + 978307200.0;

            CREATE TABLE dataset_change (
                project TEXT COLLATE "C" NOT NULL,
                type TEXT COLLATE "C" NOT NULL,
                lines BYTEA NOT NULL,
                PRIMARY KEY (project, type),
                FOREIGN KEY (project, type) REFERENCES dataset (project, type) ON DELETE CASCADE
            );

            CREATE TABLE "user" (
                name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
                access_key_id TEXT COLLATE "C" NOT NULL UNIQUE,
                document TEXT NOT NULL
            );
            """
        ),
        (
            "0003-clusters",
            """
            ALTER TABLE job ADD COLUMN project TEXT COLLATE "C" NOT NULL DEFAULT '';
            ALTER TABLE job ADD COLUMN priority BIGINT NOT NULL DEFAULT 2;
            -- When the newest attempt began.
            ALTER TABLE job ADD COLUMN claimed DOUBLE PRECISION;
            CREATE INDEX job_project ON job (project, claimed);

            CREATE TABLE component (
                name TEXT COLLATE "C" NOT NULL,
                version TEXT COLLATE "C" NOT NULL,
                document TEXT NOT NULL,
                recipe BYTEA NOT NULL,
                PRIMARY KEY (name, version)
            );

            -- Objects that are written before the row that will name them.
            CREATE TABLE staged_object (
                key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
                created DOUBLE PRECISION NOT NULL
            );
            CREATE INDEX staged_object_created ON staged_object (created);

            -- Servers and workers that are alive.
            CREATE TABLE member (
                id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
                seen DOUBLE PRECISION NOT NULL,
                document TEXT NOT NULL
            );
            """
        ),
    ]
}
