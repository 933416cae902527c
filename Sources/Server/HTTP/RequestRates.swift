import FoundationEssentials
import Synchronization
import Wire

/// A bucket that fills with time and gives one token for each request.
struct TokenBucket: Equatable {
    private let perSecond: Double
    private var tokens: Double
    private var filled: Date

    init(perSecond: Int, now: Date) {
        self.perSecond = Double(perSecond)
        tokens = Double(perSecond)
        filled = now
    }

    /// - Returns: false when it is empty.
    mutating func take(now: Date) -> Bool {
        let seconds = max(0, now.timeIntervalSince(filled))
        tokens = min(perSecond, tokens + seconds * perSecond)
        filled = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}

/// The bound on requests a second of each operation.
final class RequestRates: Sendable {
    private let perSecond: Int
    private let buckets = Mutex<[Wire.Operation: TokenBucket]>([:])

    /// - Parameter perSecond: 0 is no bound.
    init(perSecond: Int) { self.perSecond = perSecond }

    func check(_ operation: Wire.Operation, now: Date) throws(WireError) {
        guard perSecond > 0 else { return }
        let isFree = buckets.withLock { buckets in
            buckets[operation, default: TokenBucket(perSecond: perSecond, now: now)]
                .take(now: now)
        }
        guard isFree else {
            throw .throttled(
                "\(operation.rawValue) may be called \(perSecond) times a second. Slow down and "
                    + "try again.", quota: "requests-per-second")
        }
    }
}
