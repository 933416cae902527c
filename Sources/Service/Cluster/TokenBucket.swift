package import FoundationEssentials

/// A bucket that fills with time and gives one token for each request. Pure.
///
/// How fast it fills may change: a server's share of a rate does when servers come and go.
package struct TokenBucket: Sendable, Equatable {
    private var tokens: Double
    private var filled: Date

    /// - Parameter perSecond: above 0; less than 1 is one token in several seconds.
    package init(perSecond: Double, now: Date) {
        tokens = Self.capacity(perSecond)
        filled = now
    }

    /// - Returns: false when it is empty.
    package mutating func take(perSecond: Double, now: Date) -> Bool {
        let seconds = max(0, now.timeIntervalSince(filled))
        tokens = min(Self.capacity(perSecond), tokens + seconds * perSecond)
        filled = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// What a second brings, and never less than one request: else none would ever be allowed.
    private static func capacity(_ perSecond: Double) -> Double { max(1, perSecond) }
}
