import FoundationEssentials
import GRDB
import Wire

extension SQLiteTransaction: PackagingTable {
    func packagingJob(_ project: String, _ jobName: String) throws -> PackagingRecord? {
        try one(
            "SELECT document FROM packaging_job WHERE project = ? AND job_name = ?",
            [project, jobName])
    }

    func packagingJobs(_ project: String, after: String?, limit: Int) throws -> [PackagingRecord] {
        try all(
            """
            SELECT document FROM packaging_job WHERE project = ?1 AND (?2 IS NULL OR position < (
                SELECT position FROM packaging_job WHERE project = ?1 AND job_name = ?2))
            ORDER BY position DESC LIMIT ?3
            """, [project, after, limit])
    }

    func runningPackagingJob(component: String, version: String) throws -> PackagingRecord? {
        try one(
            """
            SELECT document FROM packaging_job
            WHERE component = ? AND component_version = ? AND status = 'RUNNING'
            """, [component, version])
    }

    func save(_ job: PackagingRecord, componentVersion: String) throws {
        try execute(
            """
            INSERT INTO packaging_job
                (project, job_name, component, component_version, status, document)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (project, job_name)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """,
            [
                job.project, job.jobName, job.configuration.greengrass.componentName,
                componentVersion, job.status.rawValue, try document(job),
            ])
    }
}

extension SQLiteTransaction: JobTable {
    func job(_ id: UUID) throws -> JobRecord? {
        try one("SELECT document FROM job WHERE id = ?", [id.uuidString])
    }

    func claimableJob(kinds: [String], now: Date) throws -> JobRecord? {
        let marks = kinds.map { _ in "?" }.joined(separator: ", ")
        return try one(
            """
            SELECT document FROM job
            WHERE kind IN (\(marks)) AND ((state = 'queued' AND not_before <= ?)
                OR (state = 'running' AND lease_expiry < ?))
            ORDER BY priority,
                (SELECT MAX(claimed) FROM job AS other WHERE other.project = job.project),
                position
            LIMIT 1
            """,
            StatementArguments(kinds) + [now.timeIntervalSince1970, now.timeIntervalSince1970])
    }

    func openJobs(project: String) throws -> [JobRecord] {
        try all(
            """
            SELECT document FROM job
            WHERE project = ? AND state IN ('queued', 'running') ORDER BY position
            """, [project])
    }

    func runningJobs() throws -> [JobRecord] {
        try all("SELECT document FROM job WHERE state = 'running' ORDER BY position", [])
    }

    func countJobs() throws -> [JobCount] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT kind, state, COUNT(*) AS count, MIN(not_before) AS oldest FROM job
                WHERE state IN ('queued', 'running') GROUP BY kind, state ORDER BY kind, state
                """
        ).compactMap { row in
            let state: String = row["state"]
            return JobRecord.State(rawValue: state).map {
                JobCount(
                    kind: row["kind"], state: $0, count: row["count"],
                    oldest: Date(timeIntervalSince1970: row["oldest"]))
            }
        }
    }

    func save(_ job: JobRecord) throws {
        // Project and priority are for good; a program that does not know them leaves them out.
        try execute(
            """
            INSERT INTO job
                (id, kind, state, not_before, lease_expiry, project, priority, claimed, document)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
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
        if job.state == .queued { news.topics.insert(.jobs) }
    }

    func removeJobs(endedBefore date: Date) throws {
        try execute(
            """
            DELETE FROM job WHERE position IN (SELECT position FROM job
                WHERE state IN ('finished', 'failed') AND not_before < ? LIMIT ?)
            """, [date.timeIntervalSince1970, JobRecord.removedMax])
    }
}
