import FoundationEssentials
import Storage

/// The right to work on a job until its lease ends. Every write goes through it, so a worker that
/// lost its lease cannot change anything any more.
struct JobLease: Sendable {
    /// The lease went to another worker.
    struct Lost: Error {}

    let id: UUID
    let owner: UUID
    let attempt: Int
    let metadata: any MetadataStore
    let now: @Sendable () -> Date
    /// 0 to 1; spreads the next tries of jobs that failed for one reason.
    let random: @Sendable () -> Double

    /// No other attempt of any job has the same.
    var attemptName: String { "\(id.uuidString.lowercased().prefix(8))-\(attempt)" }

    /// Writes something while the work goes on.
    ///
    /// - Returns: what `body` returned in the transaction that was committed; a transaction that is
    ///   retried calls it again.
    /// - Throws: `Lost`, what `body` throws, `StorageError`.
    func update<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try await metadata.write { transaction in
            _ = try held(transaction)
            return try body(transaction)
        }
    }

    /// Writes the result and ends the job, together or not at all.
    ///
    /// - Parameter error: why the job failed; nil when it succeeded.
    func complete(
        error: String? = nil,
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Void
    ) async throws {
        let now = now()
        try await withJob { transaction, job in
            try body(transaction)
            var job = job
            job.complete(error: error, now: now)
            return job
        }
    }

    func renew() async throws {
        let now = now()
        try await withJob { _, job in
            var job = job
            job.renew(now: now)
            return job
        }
    }

    func release() async throws {
        let now = now()
        try await withJob { _, job in
            var job = job
            job.release(now: now)
            return job
        }
    }

    /// - Returns: false when there are no attempts left.
    func retry(error: String) async throws -> Bool {
        let (now, random) = (now(), random())
        return try await metadata.write { transaction in
            var job = try held(transaction)
            guard job.retry(error: error, now: now, random: random) else { return false }
            try transaction.save(job)
            return true
        }
    }

    private func withJob(
        _ body: @escaping @Sendable (MetadataTransaction, JobRecord) throws -> JobRecord
    ) async throws {
        try await metadata.write { transaction in
            try transaction.save(try body(transaction, try held(transaction)))
        }
    }

    private func held(_ transaction: MetadataTransaction) throws -> JobRecord {
        guard let job = try transaction.job(id), job.isHeld(by: owner, attempt: attempt) else {
            throw Lost()
        }
        return job
    }
}
