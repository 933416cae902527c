/// What SQLite and PostgreSQL write differently, as fragments of SQL. All other SQL is the same
/// text for both.
struct SQLDialect: Sendable {
    /// The fragments of `CREATE TABLE`; used by `Schema` only.
    struct Columns: Sendable {
        /// A text that is compared by its bytes.
        let key: String
        /// A number that the database gives to a row, ascending and never twice.
        let position: String
        /// 64 bits.
        let integer: String
        /// 64 bits, floating-point.
        let real: String
        let blob: String
        /// What follows the closing parenthesis.
        let end: String
    }

    let columns: Columns
    /// The name of the table `user` in the schema: PostgreSQL reserves the word. Statements quote
    /// it, which both take.
    let user: String
    /// Whether the indexes are made that SQLite does not need, since its own have the position.
    let indexes: Bool
    /// The creation time in the JSON of `dataset_entry.document`, in seconds since 2001.
    let documentCreation: String

    /// The document of an entry that takes the place of another one. SQLite keeps the first
    /// creation time in it, which programs before the column `created` read there.
    let replacedEntryDocument: String
    /// A function that gives the place of its second argument in the first, or 0.
    let placeInText: String
    /// The time of the database's clock, in seconds since 1970, at the moment of the call.
    let now: String

    /// Ends a SELECT of a row that must not change before the transaction has ended.
    var lock: String
    /// The same, passing over rows that others have locked.
    var lockFree: String
    /// A SELECT of the positions of the jobs that fulfil a condition, in the order in which they
    /// are to be claimed: by priority, then by the time of the newest attempt of the job's project,
    /// then by position.
    let claimOrder: @Sendable (_ condition: String) -> String
    /// How many of the first claimable jobs a claim looks at, in one try after the other: more than
    /// one where others may be claiming the first at the same moment.
    let claimCandidates: [Int]
    /// A list of integers as one parameter: the brackets around it, and the conditions on it.
    let listBrackets: (open: String, close: String)
    let isInFirstParameter: String
    let placeInFirstParameter: String

    /// Writers come one after the other, so nothing has to be locked.
    static let sqlite = SQLDialect(
        columns: Columns(
            key: "TEXT", position: "INTEGER PRIMARY KEY AUTOINCREMENT", integer: "INTEGER",
            real: "REAL", blob: "BLOB", end: " STRICT"),
        user: "user",
        indexes: false,
        documentCreation: "json_extract(document, '$.created')",
        replacedEntryDocument: """
            json_set(excluded.document, '$.created',
                json_extract(dataset_entry.document, '$.created'))
            """,
        placeInText: "instr",
        // Days since noon of 24 November 4714 BC, in steps of a millisecond.
        now: "(julianday('now') - 2440587.5) * 86400.0",
        lock: "",
        lockFree: "",
        // Three times as fast with 2,000 jobs as PostgreSQL's.
        claimOrder: { condition in
            """
            SELECT position FROM job WHERE \(condition)
            ORDER BY priority,
                (SELECT MAX(claimed) FROM job AS other WHERE other.project = job.project),
                position
            """
        },
        claimCandidates: [1],
        listBrackets: ("[", "]"),
        isInFirstParameter: "IN (SELECT value FROM json_each($1))",
        placeInFirstParameter: "(SELECT key FROM json_each($1) WHERE value = position)")

    /// Of a transaction that writes.
    static let postgreSQL = SQLDialect(
        columns: Columns(
            key: "TEXT COLLATE \"C\"", position: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            integer: "BIGINT", real: "DOUBLE PRECISION", blob: "BYTEA", end: ""),
        user: "\"user\"",
        indexes: true,
        documentCreation: "(document::json ->> 'created')::double precision",
        replacedEntryDocument: "excluded.document",
        placeInText: "strpos",
        now: "extract(epoch FROM clock_timestamp())::double precision",
        lock: " FOR UPDATE",
        lockFree: " FOR UPDATE SKIP LOCKED",
        // The newest attempt is looked up once for each project. The queue fills within seconds and
        // its statistics lag behind, so there are no joins here, for which the planner would have
        // to know how many rows there are.
        claimOrder: { condition in
            """
            SELECT position FROM (
                SELECT position, priority, MAX(CASE WHEN place = 1 THEN
                        (SELECT MAX(claimed) FROM job WHERE job.project = candidate.project) END)
                    OVER (PARTITION BY project ORDER BY priority, position) AS served
                FROM (
                    SELECT position, project, priority, ROW_NUMBER()
                        OVER (PARTITION BY project ORDER BY priority, position) AS place
                    FROM job WHERE \(condition)
                ) AS candidate
            ) AS candidate
            ORDER BY priority, served NULLS FIRST, position
            """
        },
        // As many as workers that claim in the same moment; then as many as a database has
        // connections.
        claimCandidates: [64, 1024],
        listBrackets: ("{", "}"),
        isInFirstParameter: "= ANY ($1::bigint[])",
        placeInFirstParameter: "array_position($1::bigint[], position)")

    /// Of a transaction that only reads, which PostgreSQL lets lock nothing.
    static let postgreSQLReading: SQLDialect = {
        var dialect = postgreSQL
        (dialect.lock, dialect.lockFree) = ("", "")
        return dialect
    }()

    /// A list of integers as one parameter.
    func list(_ numbers: [Int]) -> String {
        listBrackets.open + numbers.map(String.init).joined(separator: ",") + listBrackets.close
    }
}
