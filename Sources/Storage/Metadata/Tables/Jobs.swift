package import FoundationEssentials

/// The queue of jobs.
extension MetadataTransaction {
    /// nil if there is no such job. In a write the row is locked: a job that somebody writes to on
    /// the strength of its lease cannot be claimed meanwhile.
    package func job(_ id: UUID) throws -> JobRecord? {
        try one("SELECT document FROM job WHERE id = $1\(dialect.lock)", [id.uuidString])
    }

    /// A job of these kinds that is queued and due, or running with a lease that ended before
    /// `now`, or that would wait longer than any does, since its times come from a clock that was
    /// ahead: of the lowest priority number, then of the project whose newest attempt began the
    /// longest ago, then the oldest. nil if there is none.
    ///
    /// The caller saves it as running in the same transaction, which begins with this call. With
    /// PostgreSQL claimers do not wait for each other: each passes over the jobs that others are
    /// just claiming.
    ///
    /// - Throws: as every method here does.
    package func claimableJob(kinds: [String], now: Date) throws -> JobRecord? {
        try connection.beginClaim()
        for candidatesMax in dialect.claimCandidates {
            let positions = try claimablePositions(kinds: kinds, now: now, limit: candidatesMax)
            if let job = try firstFree(of: positions, now: now) { return job }
            // With fewer there is no other than those that others are just claiming.
            if positions.count < candidatesMax { break }
        }
        return nil
    }

    /// Where claimable jobs are, in the order in which they are to be claimed. The order needs all
    /// of them.
    private func claimablePositions(kinds: [String], now: Date, limit: Int) throws -> [Int] {
        let marks = kinds.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let (time, latest) = ("$\(kinds.count + 1)", "$\(kinds.count + 2)")
        let order = dialect.claimOrder(
            """
            kind IN (\(marks)) AND (
                (state = 'queued' AND (not_before <= \(time) OR not_before > \(latest)))
                OR (state = 'running' AND (lease_expiry < \(time) OR lease_expiry > \(latest))))
            """)
        return try connection.query(
            "\(order) LIMIT $\(kinds.count + 3)",
            kinds + [now.timeIntervalSince1970, Self.latest(now), limit]
        ) { $0.integer(0) }
    }

    /// No job's pause or lease ends later.
    private static func latest(_ now: Date) -> Double {
        now.timeIntervalSince1970 + JobRecord.waitSecondsMax
    }

    /// The first job that nobody else is just claiming: workers do not wait for each other. What
    /// made it claimable may have changed since its position was read, so it is asked again, of the
    /// row as it is when it has been locked.
    private func firstFree(of positions: [Int], now: Date) throws -> JobRecord? {
        guard !positions.isEmpty else { return nil }
        // As a CASE the condition has no index, so that the positions' is taken.
        return try one(
            """
            SELECT document FROM job
            WHERE position \(dialect.isInFirstParameter) AND CASE state
                WHEN 'queued' THEN not_before <= $2 OR not_before > $3
                WHEN 'running' THEN lease_expiry < $2 OR lease_expiry > $3
                ELSE FALSE END
            ORDER BY \(dialect.placeInFirstParameter) LIMIT 1\(dialect.lockFree)
            """, [dialect.list(positions), now.timeIntervalSince1970, Self.latest(now)])
    }

    /// Jobs of a project that are queued or running, in the order of their creation.
    package func openJobs(project: String) throws -> [JobRecord] {
        try all(
            """
            SELECT document FROM job
            WHERE project = $1 AND state IN ('queued', 'running') ORDER BY position
            """, [project])
    }

    /// Jobs of all projects that are running, also with a lease that has ended, in the order of
    /// their creation.
    package func runningJobs() throws -> [JobRecord] {
        try all("SELECT document FROM job WHERE state = 'running' ORDER BY position", [])
    }

    /// How many jobs are queued and how many are running, for each kind that has some, in the order
    /// of kind and state.
    package func countJobs() throws -> [JobCount] {
        try connection.query(
            """
            SELECT kind, state, COUNT(*), MIN(not_before) FROM job
            WHERE state IN ('queued', 'running') GROUP BY kind, state ORDER BY kind, state
            """, []
        ) { row in
            JobRecord.State(rawValue: row.text(1)).map {
                JobCount(
                    kind: row.text(0), state: $0, count: row.integer(2), oldest: row.date(3))
            }
        }.compactMap { $0 }
    }

    /// Inserts the job, or replaces the one of its id. A queued one is posted in
    /// `MetadataStore.changes`.
    package func save(_ job: JobRecord) throws {
        // One that nobody has taken has just been made: to look for it would make transactions of
        // PostgreSQL that add jobs fail beside each other.
        let isNew = job.attempt == 0 && job.state == .queued
        let text =
            try isNew
            ? document(job)
            : document(
                job, replacing: "SELECT document FROM job WHERE id = $1", [job.id.uuidString])
        // Project and priority are for good; a program that does not know them leaves them out.
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
                text,
            ])
        if job.state == .queued { connection.announce(.jobs) }
    }

    /// Removes jobs that finished or failed before `date`, `JobRecord.removedMax` at most in one
    /// call.
    package func removeJobs(endedBefore date: Date) throws {
        try execute(
            """
            DELETE FROM job WHERE position IN (SELECT position FROM job
                WHERE state IN ('finished', 'failed') AND not_before < $1 LIMIT $2)
            """, [date.timeIntervalSince1970, JobRecord.removedMax])
    }

    /// Jobs that failed since then, the newest failure first, for people who look into failures.
    package func failedJobs(since date: Date, limit: Int) throws -> [JobRecord] {
        // Of a job that has ended, `not_before` is the time of its end.
        try all(
            """
            SELECT document FROM job WHERE state = 'failed' AND not_before >= $1
            ORDER BY not_before DESC, position DESC LIMIT $2
            """, [date.timeIntervalSince1970, limit])
    }
}
