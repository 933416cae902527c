package import FoundationEssentials
package import Storage

/// The life of a job as a value. No clock, no I/O.
///
///     queued ──claimed──▶ running ──completed──▶ finished
///       ▲                    │ ╲────failed──────▶ failed
///       ╰released, retried,──╯                      ▲
///        interrupted too often             cancelled ╯ (queued or running)
///
/// - Our bug: claiming a job that is not claimable.
/// - Benign race: a worker whose lease ended and was given to another, or whose job was cancelled,
///   renews, completes or releases too late; `isHeld` is false and nothing changes. The attempt
///   number only grows: it distinguishes two leases of one worker, and names what an attempt wrote.
extension JobRecord {
    /// What the worker that claimed a job does next.
    package enum Claim: Sendable, Equatable {
        /// Do the work.
        case run
        /// The work killed its workers several times: it went back to the queue for a while.
        case postponed
        /// The work was begun too often and never ended: mark what it was for as failed.
        case giveUp
    }

    /// Queued jobs whose pause is over, and running ones whose lease has expired; also those whose
    /// pause or lease is longer than any can be.
    package func isClaimable(now: Date) -> Bool {
        let latest = now.addingTimeInterval(JobRecord.waitSecondsMax)
        return switch state {
        case .queued: notBefore <= now || notBefore > latest
        case .running: leaseExpiry.map { $0 < now || $0 > latest } ?? true
        case .finished, .failed: false
        }
    }

    /// False for an attempt that lost its lease, whose results must not be written.
    package func isHeld(by owner: UUID, attempt: Int) -> Bool {
        state == .running && leaseOwner == owner && self.attempt == attempt
    }

    /// Whether the job may still run, so that its subject must not be given to another job.
    package var isOpen: Bool { state == .queued || state == .running }

    /// Attempts of which nobody knows how they ended.
    package var interruptions: Int {
        max(0, attempt - (failures ?? 0) - (releases ?? 0) - (state == .running ? 1 : 0))
    }

    /// Gives the job to a worker for `Limits.leaseSeconds` and counts the attempt.
    ///
    /// - Precondition: `isClaimable(now:)`.
    package mutating func claim(by owner: UUID, now: Date) -> Claim {
        precondition(isClaimable(now: now))
        if state == .running {
            // Its worker died, or lost its lease without a word.
            state = .queued
            clearLease()
            let beyond = interruptions - Limits.interruptionsWithoutPauseMax
            if beyond > 0, interruptions < Limits.jobInterruptionsMax {
                notBefore = now.addingTimeInterval(
                    Self.doubled(Limits.interruptionPauseSeconds, beyond - 1))
                return .postponed
            }
        }
        let claim: Claim = interruptions >= Limits.jobInterruptionsMax ? .giveUp : .run
        state = .running
        attempt += 1
        claimed = now
        leaseOwner = owner
        leaseExpiry = now.addingTimeInterval(Limits.leaseSeconds)
        return claim
    }

    /// Extends the lease to `Limits.leaseSeconds` from now; the caller has checked `isHeld`.
    package mutating func renew(now: Date) {
        leaseExpiry = now.addingTimeInterval(Limits.leaseSeconds)
    }

    /// Ends the job; `error` is the reason of a failure, nil for a success.
    package mutating func complete(error: String?, now: Date) {
        state = error == nil ? .finished : .failed
        lastError = error
        notBefore = now
        clearLease()
    }

    /// Ends the job because what it was for is gone, also while a worker has it.
    package mutating func cancel(reason: String, now: Date) {
        guard isOpen else { return }
        complete(error: reason, now: now)
    }

    /// Gives the job back untouched: the worker stops for a reason that is not the job's.
    package mutating func release(now: Date) {
        state = .queued
        releases = (releases ?? 0) + 1
        notBefore = now
        clearLease()
    }

    /// Queues the job again after a passing failure.
    ///
    /// - Parameter random: 0 to 1; spreads jobs that failed for one reason.
    /// - Returns: false when there are no attempts left; then nothing changes.
    package mutating func retry(error: String, now: Date, random: Double) -> Bool {
        let failed = (failures ?? 0) + 1
        guard failed < Limits.jobFailuresMax else { return false }
        state = .queued
        failures = failed
        lastError = error
        notBefore = now.addingTimeInterval(
            Self.doubled(Limits.jobRetrySeconds, failed - 1) * (0.5 + random / 2))
        clearLease()
        return true
    }

    /// The worker is known to be dead, so nobody needs to wait for its lease to end.
    package mutating func orphan(now: Date) {
        leaseExpiry = now.addingTimeInterval(-1)
    }

    private mutating func clearLease() {
        leaseOwner = nil
        leaseExpiry = nil
    }

    private static func doubled(_ seconds: TimeInterval, _ times: Int) -> TimeInterval {
        (0..<times).reduce(seconds) { value, _ in min(value * 2, Limits.jobPauseSecondsMax) }
    }
}
