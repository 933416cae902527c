import FoundationEssentials
import Synchronization

/// Counts failed attempts to sign in, for each address that they come from.
final class AttemptBound: Sendable {
    private struct Failures {
        var count = 0
        var since: Date
    }

    private let failures = Mutex<[String: Failures]>([:])

    /// Whether an address may try.
    func mayTry(_ address: String?, now: Date) -> Bool {
        failures.withLock { failures in
            guard let found = failures[address ?? ""] else { return true }
            return found.count < ConsoleLimits.attemptsMax || isOver(found, now)
        }
    }

    /// Notes a failed attempt.
    func failed(_ address: String?, now: Date) {
        failures.withLock { failures in
            if failures.count >= ConsoleLimits.addressesMax {
                failures = failures.filter { !isOver($0.value, now) }
                // So many at once are one attack; it starts anew for all of them.
                if failures.count >= ConsoleLimits.addressesMax { failures = [:] }
            }
            var found = failures[address ?? ""] ?? Failures(since: now)
            if isOver(found, now) { found = Failures(since: now) }
            found.count += 1
            failures[address ?? ""] = found
        }
    }

    private func isOver(_ failures: Failures, _ now: Date) -> Bool {
        abs(now.timeIntervalSince(failures.since)) > ConsoleLimits.attemptSeconds
    }
}
