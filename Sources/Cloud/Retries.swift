package import FoundationEssentials
import Synchronization

/// How often, how fast and how long a request is tried.
package struct RetryPolicy: Sendable {
    /// The first attempt counts.
    package var attemptsMax = 5
    /// The delay before the second attempt is random and at most so long; before each further one
    /// at most twice as long.
    package var delaySecondsBase = 0.2
    /// Longest delay between two attempts, in seconds; also caps what the server asks for.
    package var delaySecondsMax = 10.0
    /// No attempt begins later than so long after the first.
    package var totalSecondsMax = 90.0

    /// Five attempts within 90 seconds; callers change single members.
    package init() {}

    /// Full jitter: clients that failed together do not come back together.
    ///
    /// - Parameters:
    ///   - attempt: the one that failed, from 1.
    ///   - share: random, from 0 up to 1.
    ///   - wanted: seconds that the server asked for, if it did.
    package func delaySeconds(after attempt: Int, share: Double, wanted: Double? = nil) -> Double {
        let doublings = Double(1 << min(max(attempt - 1, 0), 30))
        let jittered = share * min(delaySecondsMax, delaySecondsBase * doublings)
        return max(jittered, min(wanted ?? 0, delaySecondsMax))
    }
}

/// Clock, randomness and sleep, so that tests need not wait.
package struct Ambience: Sendable {
    /// The wall clock, for signatures and for the time limit of the attempts.
    package let now: @Sendable () -> Date
    /// From 0 up to 1.
    package let random: @Sendable () -> Double
    /// Waits so many seconds.
    package let sleep: @Sendable (Double) async throws -> Void

    /// The real clock and randomness by default; tests replace all three.
    package init(
        now: @escaping @Sendable () -> Date = { Date() },
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        sleep: @escaping @Sendable (Double) async throws -> Void = {
            try await Task.sleep(for: .seconds($0))
        }
    ) {
        self.now = now
        self.random = random
        self.sleep = sleep
    }
}

/// The attempts of one request: says whether another one follows, and waits before it.
package struct Attempts {
    private let policy: RetryPolicy
    private let ambience: Ambience
    private let began: Date
    /// Attempts that have begun, the current one included; from 1.
    package private(set) var count = 1
    private var hasAdoptedClock = false

    /// Starts the clock of `totalSecondsMax`: make the value directly before the first attempt.
    package init(_ policy: RetryPolicy, _ ambience: Ambience) {
        self.policy = policy
        self.ambience = ambience
        began = ambience.now()
    }

    /// - Parameter wanted: seconds that the server asked for.
    /// - Returns: false when the last attempt was the last.
    package mutating func waitsForNext(wanted: Double? = nil) async throws -> Bool {
        guard count < policy.attemptsMax else { return false }
        let delay = policy.delaySeconds(after: count, share: ambience.random(), wanted: wanted)
        let elapsed = ambience.now().timeIntervalSince(began)
        guard elapsed + delay <= policy.totalSecondsMax else { return false }
        count += 1
        try await ambience.sleep(delay)
        return true
    }

    /// True once: a second skewed answer is not our clock's fault.
    mutating func mayAdoptClock() -> Bool {
        defer { hasAdoptedClock = true }
        return !hasAdoptedClock
    }
}

/// What the server's clock is ahead of ours.
final class ClockOffset: Sendable {
    private let seconds = Mutex(0.0)

    var value: Double { seconds.withLock { $0 } }

    func adopt(_ date: Date, now: Date) {
        seconds.withLock { $0 = date.timeIntervalSince(now) }
    }
}
