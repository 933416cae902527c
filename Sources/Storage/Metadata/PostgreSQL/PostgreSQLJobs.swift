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
        let isClaimable = """
            kind IN (\(marks)) AND ((state = 'queued' AND not_before <= $1)
                OR (state = 'running' AND lease_expiry < $1))
            """
        // The order needs all of them, a lock only the first that no other worker is just taking:
        // workers do not wait for each other. What the first part saw may have changed since.
        let lock = mode == .write ? "FOR UPDATE OF job SKIP LOCKED" : ""
        let arguments: [(any PostgreSQLBindable)?] = [now.timeIntervalSince1970] + kinds
        return try one(
            """
            WITH candidate AS MATERIALIZED (
                SELECT position, project, priority FROM job WHERE \(isClaimable)
            ), served AS MATERIALIZED (
                SELECT project,
                    (SELECT MAX(claimed) FROM job WHERE job.project = known.project) AS claimed
                FROM (SELECT DISTINCT project FROM candidate) AS known
            ), best AS MATERIALIZED (
                SELECT candidate.position, ROW_NUMBER() OVER (
                    ORDER BY priority, served.claimed NULLS FIRST, candidate.position) AS turn
                FROM candidate JOIN served USING (project)
                ORDER BY turn LIMIT \(Self.claimCandidates)
            )
            SELECT document FROM job JOIN best USING (position)
            WHERE \(isClaimable) ORDER BY turn LIMIT 1 \(lock)
            """, arguments, isClaim: true)
    }

    /// More workers than this do not take their first job in the same moment.
    private static var claimCandidates: Int { 64 }

    func openJobs(project: String) throws -> [JobRecord] {
        try all(
            """
            SELECT document FROM job
            WHERE project = $1 AND state IN ('queued', 'running') ORDER BY position
            """, [project])
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
            INSERT INTO job
                (id, kind, state, not_before, lease_expiry, project, priority, claimed, document)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state,
                not_before = excluded.not_before, lease_expiry = excluded.lease_expiry,
                claimed = excluded.claimed, document = excluded.document
            """,
            [
                job.id.uuidString, job.kind, job.state.rawValue,
                job.notBefore.timeIntervalSince1970,
                job.leaseExpiry?.timeIntervalSince1970, job.project ?? "",
                job.priority ?? JobRecord.priorityDefault, job.claimed?.timeIntervalSince1970,
                try document(job),
            ])
        if job.state == .queued { news.insert(.jobs) }
    }

    func removeJobs(endedBefore date: Date) throws {
        try execute(
            "DELETE FROM job WHERE state IN ('finished', 'failed') AND not_before < $1",
            [date.timeIntervalSince1970])
    }
}
