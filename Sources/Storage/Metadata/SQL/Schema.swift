/// The schema of both databases, step by step. Steps are only ever added and never changed: a
/// database of any age is brought up to date by those that it lacks, in their order.
///
/// Columns hold what SQL asks about; `document` holds the whole record as JSON. New members of a
/// record are optional, so older rows stay readable without a step. Texts compare by their bytes.
/// Times are seconds since 1970.
///
/// Programs of the version before may be using a PostgreSQL database while a step is made, so a
/// step only adds: tables, columns with a default, indexes. One that cannot must come a version
/// later than the code that does without what it takes away, and say in `requires` which step a
/// program must know to use the schema after it. What it does to a table of many rows must be
/// quick.
enum Schema {
    /// One step, which a database records under its name when it has been made.
    struct Step: Sendable {
        /// A number of four digits and what it is about; steps are in the order of their names.
        let name: String
        /// The statements, in a dialect.
        let sql: @Sendable (SQLDialect) -> String
        /// The newest step that a program must know to use a schema with this one; nil if any may.
        let requires: String?

        init(
            _ name: String, requires: String? = nil, sql: @escaping @Sendable (SQLDialect) -> String
        ) {
            self.name = name
            self.sql = sql
            self.requires = requires
        }
    }

    /// The tables whose rows are data, those that name rows of others after them. `member` and
    /// `console_session` are left out: they say which processes and people are using a database at
    /// present.
    static let tables = [
        "project", "dataset", "dataset_entry", "dataset_change", "model", "packaging_job", "job",
        "client_token", "tag", "setting", "user", "component", "staged_object", "detection_day",
    ]

    static var names: [String] { steps.map(\.name) }

    private static let entryPositions = """
        -- SQLite's own indexes have the position in them.
        CREATE UNIQUE INDEX dataset_entry_position ON dataset_entry (project, type, position);
        """

    private static let entryOrder = """
        -- A page of entries is read without sorting all. SQLite's indexes end with the position.
        CREATE INDEX dataset_entry_order ON dataset_entry (project, type);
        """

    private static let openJobs = """
        -- Workers look for the oldest of these only.
        CREATE INDEX job_open ON job (position) WHERE state IN ('queued', 'running');
        """

    static let steps = [
        Step("0001-projects-models-jobs") { dialect in
            let column = dialect.columns
            return """
                CREATE TABLE project (
                    name \(column.key) NOT NULL PRIMARY KEY,
                    document TEXT NOT NULL
                )\(column.end);

                CREATE TABLE dataset (
                    project \(column.key) NOT NULL REFERENCES project (name),
                    type \(column.key) NOT NULL,
                    document TEXT NOT NULL,
                    PRIMARY KEY (project, type)
                )\(column.end);

                CREATE TABLE dataset_entry (
                    position \(column.position),
                    project \(column.key) NOT NULL,
                    type \(column.key) NOT NULL,
                    source_ref \(column.key) NOT NULL,
                    verdict \(column.key),
                    document TEXT NOT NULL,
                    UNIQUE (project, type, source_ref),
                    FOREIGN KEY (project, type) REFERENCES dataset (project, type) ON DELETE CASCADE
                )\(column.end);
                \(dialect.indexes ? entryPositions : "")

                CREATE TABLE model (
                    project \(column.key) NOT NULL REFERENCES project (name),
                    version \(column.integer) NOT NULL,
                    status \(column.key) NOT NULL,
                    document TEXT NOT NULL,
                    PRIMARY KEY (project, version)
                )\(column.end);
                CREATE INDEX model_status ON model (status);

                CREATE TABLE packaging_job (
                    position \(column.position),
                    project \(column.key) NOT NULL REFERENCES project (name),
                    job_name \(column.key) NOT NULL,
                    component \(column.key) NOT NULL,
                    component_version \(column.key) NOT NULL,
                    status \(column.key) NOT NULL,
                    document TEXT NOT NULL,
                    UNIQUE (project, job_name)
                )\(column.end);
                -- Two jobs must not write one component version at the same time.
                CREATE UNIQUE INDEX packaging_job_running
                    ON packaging_job (component, component_version) WHERE status = 'RUNNING';

                CREATE TABLE job (
                    position \(column.position),
                    id \(column.key) NOT NULL UNIQUE,
                    kind \(column.key) NOT NULL,
                    state \(column.key) NOT NULL,
                    not_before \(column.real) NOT NULL,
                    lease_expiry \(column.real),
                    document TEXT NOT NULL
                )\(column.end);
                CREATE INDEX job_state ON job (state, not_before);
                \(dialect.indexes ? openJobs : "")

                CREATE TABLE client_token (
                    key \(column.key) NOT NULL PRIMARY KEY,
                    created \(column.real) NOT NULL,
                    document TEXT NOT NULL
                )\(column.end);
                CREATE INDEX client_token_created ON client_token (created);

                CREATE TABLE tag (
                    resource \(column.key) NOT NULL,
                    key \(column.key) NOT NULL,
                    value TEXT NOT NULL,
                    PRIMARY KEY (resource, key)
                )\(column.end);

                CREATE TABLE setting (
                    name \(column.key) NOT NULL PRIMARY KEY,
                    value \(column.blob) NOT NULL
                )\(column.end);
                """
        },
        Step("0002-entry-times-changes-users") { dialect in
            let column = dialect.columns
            return """
                ALTER TABLE dataset_entry ADD COLUMN created \(column.real) NOT NULL DEFAULT 0;
                -- Documents count seconds from 2001, columns from 1970.
                UPDATE dataset_entry SET created =
                    \(dialect.documentCreation) + 978307200.0;

                CREATE TABLE dataset_change (
                    project \(column.key) NOT NULL,
                    type \(column.key) NOT NULL,
                    lines \(column.blob) NOT NULL,
                    PRIMARY KEY (project, type),
                    FOREIGN KEY (project, type) REFERENCES dataset (project, type) ON DELETE CASCADE
                )\(column.end);

                CREATE TABLE \(dialect.user) (
                    name \(column.key) NOT NULL PRIMARY KEY,
                    access_key_id \(column.key) NOT NULL UNIQUE,
                    document TEXT NOT NULL
                )\(column.end);
                """
        },
        Step("0003-clusters") { dialect in
            let column = dialect.columns
            return """
                ALTER TABLE job ADD COLUMN project \(column.key) NOT NULL DEFAULT '';
                ALTER TABLE job ADD COLUMN priority \(column.integer) NOT NULL DEFAULT 2;
                -- When the newest attempt began.
                ALTER TABLE job ADD COLUMN claimed \(column.real);
                CREATE INDEX job_project ON job (project, claimed);

                CREATE TABLE component (
                    name \(column.key) NOT NULL,
                    version \(column.key) NOT NULL,
                    document TEXT NOT NULL,
                    recipe \(column.blob) NOT NULL,
                    PRIMARY KEY (name, version)
                )\(column.end);

                -- Objects that are written before the row that will name them.
                CREATE TABLE staged_object (
                    key \(column.key) NOT NULL PRIMARY KEY,
                    created \(column.real) NOT NULL
                )\(column.end);
                CREATE INDEX staged_object_created ON staged_object (created);

                -- Servers and workers that are alive.
                CREATE TABLE member (
                    id \(column.key) NOT NULL PRIMARY KEY,
                    seen \(column.real) NOT NULL,
                    document TEXT NOT NULL
                )\(column.end);
                """
        },
        Step("0004-console-sessions") { dialect in
            let column = dialect.columns
            return """
                CREATE TABLE console_session (
                    id \(column.key) NOT NULL PRIMARY KEY,
                    -- Empty for the owner of the root key.
                    user_name \(column.key) NOT NULL,
                    expires \(column.real) NOT NULL,
                    document TEXT NOT NULL
                )\(column.end);
                CREATE INDEX console_session_user ON console_session (user_name);
                CREATE INDEX console_session_expires ON console_session (expires);
                """
        },
        Step("0005-detections-a-day") { dialect in
            let column = dialect.columns
            return """
                -- How many images each model judged on a day, in days since 1970, UTC.
                CREATE TABLE detection_day (
                    project \(column.key) NOT NULL REFERENCES project (name) ON DELETE CASCADE,
                    version \(column.integer) NOT NULL,
                    day \(column.integer) NOT NULL,
                    images \(column.integer) NOT NULL,
                    anomalies \(column.integer) NOT NULL,
                    PRIMARY KEY (project, version, day)
                )\(column.end);
                CREATE INDEX detection_day_day ON detection_day (day);
                """
        },
        Step("0006-entries-in-their-order") { dialect in
            // PostgreSQL has had such an index since the first step.
            dialect.indexes ? "SELECT 1;" : entryOrder
        },
    ]
}
