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
        for candidatesMax in Self.claimCandidatesMax {
            let positions = try claimablePositions(kinds: kinds, now: now, limit: candidatesMax)
            if let job = try firstFree(of: positions, now: now) { return job }
            // With fewer there is no other than those that others are just claiming.
            if positions.count < candidatesMax { break }
        }
        return nil
    }

    /// As many as workers that claim in the same moment; then as many as a database has
    /// connections.
    private static var claimCandidatesMax: [Int] { [64, 1024] }

    /// Where claimable jobs are, in the order in which they are to be claimed. The order needs all
    /// of them, but the newest attempt is looked up once for each project.
    ///
    /// The queue fills within seconds and its statistics lag behind. So there are no joins here,
    /// for which the planner would have to know how many rows there are.
    private func claimablePositions(kinds: [String], now: Date, limit: Int) throws -> [Int] {
        let marks = kinds.indices.map { "$\($0 + 3)" }.joined(separator: ", ")
        let arguments: [(any PostgreSQLBindable)?] = [now.timeIntervalSince1970, limit] + kinds
        let rows = try rows(
            """
            SELECT position FROM (
                SELECT position, priority, MAX(CASE WHEN place = 1 THEN
                        (SELECT MAX(claimed) FROM job WHERE job.project = candidate.project) END)
                    OVER (PARTITION BY project ORDER BY priority, position) AS served
                FROM (
                    SELECT position, project, priority, ROW_NUMBER()
                        OVER (PARTITION BY project ORDER BY priority, position) AS place
                    FROM job
                    WHERE kind IN (\(marks)) AND ((state = 'queued' AND not_before <= $1)
                        OR (state = 'running' AND lease_expiry < $1))
                ) AS candidate
            ) AS candidate
            ORDER BY priority, served NULLS FIRST, position LIMIT $2
            """, arguments, isClaim: true)
        return (0..<rows.count).map { rows.integer($0, 0) }
    }

    /// The first job that nobody else is just claiming: workers do not wait for each other. What
    /// made it claimable may have changed since its position was read, so it is asked again, of the
    /// row as it is when it has been locked.
    private func firstFree(of positions: [Int], now: Date) throws -> JobRecord? {
        let lock = mode == .write ? "FOR UPDATE SKIP LOCKED" : ""
        let array = "{\(positions.map(String.init).joined(separator: ","))}"
        // As a CASE the condition has no index, so that the positions' is taken.
        return try one(
            """
            SELECT document FROM job
            WHERE position = ANY ($1::bigint[]) AND CASE state
                WHEN 'queued' THEN not_before <= $2
                WHEN 'running' THEN lease_expiry < $2
                ELSE FALSE END
            ORDER BY array_position($1::bigint[], position) LIMIT 1 \(lock)
            """, [array, now.timeIntervalSince1970], isClaim: true)
    }

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
            """
            DELETE FROM job WHERE position IN (SELECT position FROM job
                WHERE state IN ('finished', 'failed') AND not_before < $1 LIMIT $2)
            """, [date.timeIntervalSince1970, JobRecord.removedMax])
    }
}
