import FoundationEssentials
import Testing

@testable import Storage

/// The version before clusters: what it sends, word for word, on a connection that it keeps. Not to
/// be changed; a version that has to work beside another one gets a program of its own.
final class PreviousProgram: Sendable {
    private let connection: PostgreSQLConnection

    init(url: String) throws {
        connection = try PostgreSQLConnection(PostgreSQLAddress(url: url), PostgreSQLLimits())
    }

    /// Everything that it does, once, with rows of its own, among them two jobs. It takes the job
    /// that is its turn, and ends it in every other round; else the job's lease ends.
    func work(round: String, isEnding: Bool) throws {
        let jobs = [UUID(), UUID()]
        try write { try makeRows(round, jobs) }
        try write {
            for (sql, arguments) in questions(round, jobs) { try one(sql, arguments) }
        }
        let claimed = try write(isolation: "READ COMMITTED") { try claim() }
        if isEnding {
            try write {
                try one(Self.lockJob, [claimed])
                try save(job: claimed, state: "finished", attempt: 1)
            }
        }
        try write {
            for (sql, arguments) in removals(round) { try connection.execute(sql, arguments) }
        }
    }

    private func makeRows(_ round: String, _ jobs: [UUID]) throws {
        try connection.execute(
            """
            INSERT INTO project (name, document) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET document = excluded.document
            """, [round, #"{"created":791692800.25,"lastModelVersion":1,"name":"\#(round)"}"#])
        try connection.execute(
            """
            INSERT INTO dataset (project, type, document) VALUES ($1, $2, $3)
            ON CONFLICT (project, type) DO UPDATE SET document = excluded.document
            """, [round, "train", "{}"])
        try connection.execute(
            """
            INSERT INTO dataset_entry (project, type, source_ref, verdict, created, document)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (project, type, source_ref)
            DO UPDATE SET verdict = excluded.verdict, document = excluded.document
            """, each: [[round, "train", "s3://b/1", nil, 1.5, "{}"]])
        try connection.execute(
            """
            INSERT INTO dataset_change (project, type, lines) VALUES ($1, $2, $3)
            ON CONFLICT (project, type) DO UPDATE SET lines = excluded.lines
            """, [round, "train", Data([1])])
        try connection.execute(
            """
            INSERT INTO model (project, version, status, document) VALUES ($1, $2, $3, $4)
            ON CONFLICT (project, version)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """, [round, 1, "TRAINING", Self.model(round)])
        try connection.execute(
            """
            INSERT INTO packaging_job
                (project, job_name, component, component_version, status, document)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (project, job_name)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """, [round, "j", round, "1.0.0", "RUNNING", "{}"])
        for id in jobs { try save(job: id.uuidString, state: "queued", attempt: 0) }
        try connection.execute(
            """
            INSERT INTO client_token (key, created, document) VALUES ($1, $2, $3)
            ON CONFLICT (key) DO UPDATE
            SET created = excluded.created, document = excluded.document
            """, [round, 1_770_000_000.25, "{}"])
        try connection.execute(
            """
            INSERT INTO tag (resource, key, value) VALUES ($1, $2, $3)
            ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value
            """, [round, "k", "v"])
        try connection.execute(
            """
            INSERT INTO setting (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, [round, Data([1])])
        try connection.execute(
            """
            INSERT INTO "user" (name, access_key_id, document) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE
            SET access_key_id = excluded.access_key_id, document = excluded.document
            """, [round, round, "{}"])
    }

    private static func model(_ project: String) -> String {
        #"{"created":791692800.25,"output":{"bucket":"b"},"project":"\#(project)","#
            + #""status":"TRAINING","version":1}"#
    }

    private func save(job id: String, state: String, attempt: Int) throws {
        let lease =
            #""leaseExpiry":791692830.25,"leaseOwner":"00000000-0000-4000-9000-000000000001","#
        try connection.execute(
            """
            INSERT INTO job (id, kind, state, not_before, lease_expiry, document)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state,
                not_before = excluded.not_before, lease_expiry = excluded.lease_expiry,
                document = excluded.document
            """,
            [
                id, "previous", state, 1_770_000_000.25,
                state == "running" ? 1_770_000_030.25 : nil,
                #"{"attempt":\#(attempt),"created":791692800.25,"id":"\#(id)","kind":"previous","#
                    + (state == "running" ? lease : "")
                    + #""notBefore":791692800.25,"state":"\#(state)","subject":"e30="}"#,
            ])
    }

    private static let lockJob = "SELECT document FROM job WHERE id = $1 FOR UPDATE"

    /// Not long after the jobs were made, so that earlier leases still hold.
    private func claim() throws -> String {
        let document = try one(
            """
            SELECT document FROM job
            WHERE kind IN ($2, $3) AND ((state = 'queued' AND not_before <= $1)
                OR (state = 'running' AND lease_expiry < $1))
            ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED
            """, [1_770_000_001.0, "host", "previous"])
        let id = try JSONDecoder().decode(JobRecord.self, from: Data(document.utf8)).id.uuidString
        try save(job: id, state: "running", attempt: 1)
        return id
    }

    /// Statements that find something.
    private func questions(_ round: String, _ jobs: [UUID])
        -> [(String, SQLArguments)]
    {
        [
            ("SELECT document FROM project WHERE name = $1", [round]),
            ("SELECT document FROM project WHERE name > $1 ORDER BY name LIMIT $2", ["", 1]),
            ("SELECT document FROM dataset WHERE project = $1 AND type = $2", [round, "train"]),
            (
                """
                SELECT document, created FROM dataset_entry WHERE project = $1 AND type = $2
                ORDER BY position LIMIT $3 OFFSET $4
                """, [round, "train", 9, 0]
            ),
            (
                "SELECT lines FROM dataset_change WHERE project = $1 AND type = $2",
                [round, "train"]
            ),
            (
                "SELECT document FROM model WHERE status = $1 ORDER BY project, version",
                ["TRAINING"]
            ),
            (
                """
                SELECT document FROM packaging_job
                WHERE project = $1 AND ($2::text IS NULL OR position < (
                    SELECT position FROM packaging_job WHERE project = $1 AND job_name = $2))
                ORDER BY position DESC LIMIT $3
                """, [round, nil, 9]
            ),
            (
                """
                SELECT document FROM packaging_job
                WHERE component = $1 AND component_version = $2 AND status = 'RUNNING'
                """, [round, "1.0.0"]
            ),
            (Self.lockJob, [jobs[0].uuidString]),
            (
                """
                SELECT kind, state, COUNT(*) AS count, MIN(not_before) AS oldest FROM job
                WHERE state IN ('queued', 'running') GROUP BY kind, state ORDER BY kind, state
                """, []
            ),
            ("SELECT document FROM client_token WHERE key = $1", [round]),
            ("SELECT key, value FROM tag WHERE resource = $1 ORDER BY key", [round]),
            ("SELECT value FROM setting WHERE name = $1", [round]),
            ("SELECT document FROM \"user\" WHERE access_key_id = $1", [round]),
        ]
    }

    private func removals(_ round: String) -> [(String, SQLArguments)] {
        [
            ("DELETE FROM dataset_entry WHERE project = $1 AND type = $2", [round, "train"]),
            ("DELETE FROM dataset_change WHERE project = $1 AND type = $2", [round, "train"]),
            ("DELETE FROM dataset WHERE project = $1 AND type = $2", [round, "train"]),
            ("DELETE FROM model WHERE project = $1 AND version = $2", [round, 1]),
            (
                "DELETE FROM job WHERE state IN ('finished', 'failed') AND not_before < $1",
                [1_769_999_999.0]
            ),
            ("DELETE FROM client_token WHERE created < $1", [1_769_999_999.0]),
            ("DELETE FROM tag WHERE resource = $1", [round]),
            ("DELETE FROM \"user\" WHERE name = $1", [round]),
            ("DELETE FROM packaging_job WHERE project = $1", [round]),
            ("DELETE FROM project WHERE name = $1", [round]),
        ]
    }

    /// The first column of the first row, which must be there.
    @discardableResult
    private func one(_ sql: String, _ arguments: SQLArguments) throws -> String {
        let rows = try connection.execute(sql, arguments)
        try #require(rows.count > 0, "\(sql)")
        return rows.text(0, 0)
    }

    /// A transaction, which is repeated when it met others.
    @discardableResult
    private func write<Value>(isolation: String = "SERIALIZABLE", _ body: () throws -> Value) throws
        -> Value
    {
        var tries = 0
        while true {
            do {
                try connection.execute("BEGIN ISOLATION LEVEL \(isolation)")
                let value = try body()
                try connection.execute("COMMIT")
                return value
            } catch let error as PostgreSQLError where error.code == .conflict && tries < 100 {
                tries += 1
                try connection.execute("ROLLBACK")
            }
        }
    }
}
