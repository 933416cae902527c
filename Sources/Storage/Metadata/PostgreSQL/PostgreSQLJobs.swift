import FoundationEssentials
import Wire

extension PostgreSQLTransaction: PackagingTable {
    func packagingJob(_ project: String, _ jobName: String) throws -> PackagingRecord? {
        try one(
            "SELECT document FROM packaging_job WHERE project = $1 AND job_name = $2",
            [project, jobName])
    }

    func packagingJobs(_ project: String, after: String?, limit: Int) throws -> [PackagingRecord] {
        try all(
            """
            SELECT document FROM packaging_job
            WHERE project = $1 AND ($2::text IS NULL OR position < (
                SELECT position FROM packaging_job WHERE project = $1 AND job_name = $2))
            ORDER BY position DESC LIMIT $3
            """, [project, after, limit])
    }

    func runningPackagingJob(component: String, version: String) throws -> PackagingRecord? {
        try one(
            """
            SELECT document FROM packaging_job
            WHERE component = $1 AND component_version = $2 AND status = 'RUNNING'
            """, [component, version])
    }

    func save(_ job: PackagingRecord, componentVersion: String) throws {
        try execute(
            """
            INSERT INTO packaging_job
                (project, job_name, component, component_version, status, document)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (project, job_name)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """,
            [
                job.project, job.jobName, job.configuration.greengrass.componentName,
                componentVersion, job.status.rawValue, try document(job),
            ])
    }
}

extension PostgreSQLTransaction: JobTable {
    func job(_ id: UUID) throws -> JobRecord? {
        // Whoever writes on the strength of a lease keeps the job from being claimed meanwhile.
        let lock = mode == .write ? " FOR UPDATE" : ""
        return try one("SELECT document FROM job WHERE id = $1\(lock)", [id.uuidString])
    }

    func claimableJob(kinds: [String], now: Date) throws -> JobRecord? {
        let marks = kinds.indices.map { "$\($0 + 2)" }.joined(separator: ", ")
        // Workers do not wait for each other, and never see a job that another is just taking.
        let lock = mode == .write ? " FOR UPDATE SKIP LOCKED" : ""
        let arguments: [(any PostgreSQLBindable)?] = [now.timeIntervalSince1970] + kinds
        return try one(
            """
            SELECT document FROM job
            WHERE kind IN (\(marks)) AND ((state = 'queued' AND not_before <= $1)
                OR (state = 'running' AND lease_expiry < $1))
            ORDER BY position LIMIT 1\(lock)
            """, arguments, isClaim: true)
    }

    func runningJobs() throws -> [JobRecord] {
        try all("SELECT document FROM job WHERE state = 'running' ORDER BY position", [])
    }

    func countJobs() throws -> [JobCount] {
        let rows = try rows(
            """
            SELECT kind, state, COUNT(*) AS count, MIN(not_before) AS oldest FROM job
            WHERE state IN ('queued', 'running') GROUP BY kind, state ORDER BY kind, state
            """, [])
        return (0..<rows.count).compactMap { row in
            JobRecord.State(rawValue: rows.text(row, 1)).map {
                JobCount(
                    kind: rows.text(row, 0), state: $0, count: rows.integer(row, 2),
                    oldest: Date(timeIntervalSince1970: rows.real(row, 3)))
            }
        }
    }

    func save(_ job: JobRecord) throws {
        try execute(
            """
            INSERT INTO job (id, kind, state, not_before, lease_expiry, document)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state,
                not_before = excluded.not_before, lease_expiry = excluded.lease_expiry,
                document = excluded.document
            """,
            [
                job.id.uuidString, job.kind, job.state.rawValue,
                job.notBefore.timeIntervalSince1970,
                job.leaseExpiry?.timeIntervalSince1970, try document(job),
            ])
    }

    func removeJobs(endedBefore date: Date) throws {
        try execute(
            "DELETE FROM job WHERE state IN ('finished', 'failed') AND not_before < $1",
            [date.timeIntervalSince1970])
    }
}
