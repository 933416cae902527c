import FoundationEssentials
import Service
import Synchronization
import Wire

/// The bound on requests a second of each access key and operation, shared out among the servers
/// that are alive.
///
/// Nobody uses up what others may ask: each key has its own. Only keys whose signature was right
/// get here, so there are as many as users.
///
/// No server asks another for leave: each allows its share. The shares follow within a few seconds
/// when a server comes or stops in order, and within half a minute when one dies. Until then those
/// that knew of the new one late, or of the dead one too long, allow a little more or less.
final class RequestRates: Sendable {
    private struct Key: Hashable {
        let accessKeyID: String
        let operation: Wire.Operation
    }

    private let perSecond: Int
    private let membership: Membership
    private let buckets = Mutex<[Key: TokenBucket]>([:])

    /// - Parameter perSecond: of one key at all servers together; 0 is no bound.
    init(perSecond: Int, membership: Membership) {
        self.perSecond = perSecond
        self.membership = membership
    }

    /// Requests a second of an operation that this server allows; nil when there is no bound.
    var share: Double? {
        perSecond > 0 ? Double(perSecond) / Double(membership.serverCount) : nil
    }

    /// - Parameter accessKeyID: of the caller, whose signature was right.
    func check(_ operation: Wire.Operation, by accessKeyID: String, now: Date) throws(WireError) {
        guard let share else { return }
        let key = Key(accessKeyID: accessKeyID, operation: operation)
        let isFree = buckets.withLock { buckets in
            buckets[key, default: TokenBucket(perSecond: share, now: now)]
                .take(perSecond: share, now: now)
        }
        guard isFree else {
            var error = WireError.throttled(
                "\(operation.rawValue) may be called \(perSecond) times a second with one "
                    + "access key. Slow down and try again.", quota: "requests-per-second")
            error.retryAfterSeconds = max(1, Int((1 / share).rounded(.up)))
            throw error
        }
    }
}
