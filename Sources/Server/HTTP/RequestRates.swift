import FoundationEssentials
import Service
import Synchronization
import Wire

/// The bound on requests a second of each operation, shared out among the servers that are alive.
///
/// No server asks another for leave: each allows its share. The shares follow within a few seconds
/// when a server comes or stops in order, and within half a minute when one dies. Until then those
/// that knew of the new one late, or of the dead one too long, allow a little more or less.
final class RequestRates: Sendable {
    private let perSecond: Int
    private let membership: Membership
    private let buckets = Mutex<[Wire.Operation: TokenBucket]>([:])

    /// - Parameter perSecond: of all servers together; 0 is no bound.
    init(perSecond: Int, membership: Membership) {
        self.perSecond = perSecond
        self.membership = membership
    }

    /// Requests a second of an operation that this server allows; nil when there is no bound.
    var share: Double? {
        perSecond > 0 ? Double(perSecond) / Double(membership.serverCount) : nil
    }

    func check(_ operation: Wire.Operation, now: Date) throws(WireError) {
        guard let share else { return }
        let isFree = buckets.withLock { buckets in
            buckets[operation, default: TokenBucket(perSecond: share, now: now)]
                .take(perSecond: share, now: now)
        }
        guard isFree else {
            var error = WireError.throttled(
                "\(operation.rawValue) may be called \(perSecond) times a second. Slow down and "
                    + "try again.", quota: "requests-per-second")
            error.retryAfterSeconds = max(1, Int((1 / share).rounded(.up)))
            throw error
        }
    }
}
