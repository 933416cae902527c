package import FoundationEssentials

/// A piece of long work that survives a crash. `JobState` in Service says how it changes.
package struct JobRecord: Sendable, Codable, Equatable {
    /// Where a job is on its way; it moves from `queued` to `running` and back, or to an end.
    package enum State: String, Sendable, Codable {
        /// It waits for `notBefore` and for a worker.
        case queued
        /// A worker has it, until `leaseExpiry` or longer.
        case running
        /// It is done. The row is kept for a while.
        case finished
        /// It was given up; `lastError` says why. The row is kept for a while.
        case failed
    }

    /// Made by the call that made the job, so that the row can be found again.
    package var id: UUID
    /// What is to be done and to what; the meaning belongs to the service.
    package var kind: String
    /// The parameters of the kind, as JSON.
    package var subject: Data
    /// The project that the work is for; nil in jobs made before projects shared the workers.
    package var project: String?
    /// What stands for the priority of jobs without one, as in the schema.
    static let priorityDefault = 2
    /// Jobs that are removed at once: far less than what a statement may take.
    static let removedMax = 10_000

    /// No pause and no lease is longer. What would last longer was written by a clock that was
    /// ahead and has been set back, and is over.
    package static let waitSecondsMax: TimeInterval = 300
    /// Jobs of lower numbers go first; nil in older jobs.
    package var priority: Int?
    package var state = State.queued
    /// How often the work has been begun. It only grows: with the job's id it names an attempt.
    package var attempt = 0
    /// Attempts that ended with a passing error; nil is none.
    package var failures: Int?
    /// Attempts that were given back untouched; nil is none.
    package var releases: Int?
    /// When the newest attempt began.
    package var claimed: Date?
    /// The worker that has the job; nil unless it is running.
    package var leaseOwner: UUID?
    /// When others may take the job, unless its worker renews the lease; nil unless it is running.
    package var leaseExpiry: Date?
    /// When it may be begun; of a job that has ended, when it ended.
    package var notBefore: Date
    /// When the call was made that wants the work.
    package var created: Date
    /// Why the newest attempt that failed did so, for people; nil if none has.
    package var lastError: String?

    /// A queued job that may begin at once.
    package init(
        id: UUID, kind: String, subject: Data, project: String? = nil, priority: Int? = nil,
        created: Date
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.project = project
        self.priority = priority
        self.created = created
        notBefore = created
    }
}

/// How many jobs of a kind are in a state that is not their last.
package struct JobCount: Sendable, Equatable {
    /// As `JobRecord.kind`.
    package var kind: String
    /// `queued` or `running`.
    package var state: JobRecord.State
    /// At least 1.
    package var count: Int
    /// When the oldest of them could have begun.
    package var oldest: Date

    package init(kind: String, state: JobRecord.State, count: Int, oldest: Date) {
        self.kind = kind
        self.state = state
        self.count = count
        self.oldest = oldest
    }
}
