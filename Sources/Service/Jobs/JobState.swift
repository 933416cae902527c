package import FoundationEssentials
package import Storage

/// The life of a job as a value. No clock, no I/O.
///
///     queued ──claimed──▶ running ──completed──▶ finished
///       ▲                    │ ╲────failed──────▶ failed
///       ╰──released, retried─╯
///
/// - Our bug: claiming a job that is not claimable.
/// - Benign race: a worker whose lease ended and was given to another renews, completes or
///   releases too late; `isHeld` is false and nothing changes. The attempt number tells two leases
///   of one worker apart.
extension JobRecord {
    package enum Claim: Sendable, Equatable {
        /// Do the work.
        case run
        /// The work was begun too often and never ended: mark what it was for as failed.
        case giveUp
    }

    package func isClaimable(now: Date) -> Bool {
        switch state {
        case .queued: notBefore <= now
        case .running: leaseExpiry.map { $0 < now } ?? true
        case .finished, .failed: false
        }
    }

    package func isHeld(by owner: UUID, attempt: Int) -> Bool {
        state == .running && leaseOwner == owner && self.attempt == attempt
    }

    package mutating func claim(by owner: UUID, now: Date) -> Claim {
        precondition(isClaimable(now: now))
        let claim: Claim = attempt >= Limits.jobAttemptsMax ? .giveUp : .run
        state = .running
        attempt += 1
        leaseOwner = owner
        leaseExpiry = now.addingTimeInterval(Limits.leaseSeconds)
        return claim
    }

    package mutating func renew(now: Date) {
        leaseExpiry = now.addingTimeInterval(Limits.leaseSeconds)
    }

    /// Ends the job; `error` tells why it failed.
    package mutating func complete(error: String?, now: Date) {
        state = error == nil ? .finished : .failed
        lastError = error
        notBefore = now
        clearLease()
    }

    /// Gives the job back untouched: the worker stops for a reason that is not the job's.
    package mutating func release(now: Date) {
        state = .queued
        attempt -= 1
        notBefore = now
        clearLease()
    }

    /// Queues the job again after a passing failure.
    ///
    /// - Returns: false when there are no attempts left; then nothing changes.
    package mutating func retry(error: String, now: Date) -> Bool {
        guard attempt < Limits.jobAttemptsMax else { return false }
        state = .queued
        lastError = error
        notBefore = now.addingTimeInterval(Limits.jobRetrySeconds * Double(attempt))
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
}
