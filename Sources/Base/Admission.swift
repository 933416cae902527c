import Synchronization

/// Lets a bounded number of calls compute and a bounded number wait, first come, first served.
package final class Admission: Sendable {
    private struct State {
        var running = 0
        var waiting: [(bytes: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var waitingBytes = 0
    }

    private let state = Mutex(State())
    private let runningMax: Int
    private let waitingMax: Int
    private let waitingBytesMax: Int

    /// - Parameters:
    ///   - runningMax: calls that compute at the same time.
    ///   - waitingMax: calls that wait for a place; further ones are refused at once.
    ///   - waitingBytesMax: sum of what the waiting calls hold in memory.
    package init(
        runningMax: Int, waitingMax: Int, waitingBytesMax: Int = .max
    ) {
        self.runningMax = runningMax
        self.waitingMax = waitingMax
        self.waitingBytesMax = waitingBytesMax
    }

    /// At this moment, for the metrics.
    package var waitingCalls: Int { state.withLock { $0.waiting.count } }
    /// At this moment, for the metrics; never above `runningMax`.
    package var runningCalls: Int { state.withLock { $0.running } }

    /// Returns true when the caller may compute; it then owes a `leave`.
    ///
    /// - Parameter bytes: what the call holds in memory while it waits.
    /// - Returns: false at once when too many wait already.
    package func enter(bytes: Int) async -> Bool {
        let mayRun: Bool? = state.withLock { state in
            if state.running < runningMax {
                state.running += 1
                return true
            }
            guard state.waiting.count < waitingMax, state.waitingBytes + bytes <= waitingBytesMax
            else { return nil }
            // The place is taken here, so that nobody comes between.
            state.waitingBytes += bytes
            return false
        }
        guard let mayRun else { return false }
        if mayRun { return true }
        await withCheckedContinuation { continuation in
            let mayRun = state.withLock { state in
                guard state.running >= runningMax else {
                    state.running += 1
                    state.waitingBytes -= bytes
                    return true
                }
                state.waiting.append((bytes, continuation))
                return false
            }
            if mayRun { continuation.resume() }
        }
        return true
    }

    /// Ends a call that `enter` admitted, and hands its place to the call that waits longest. Call
    /// it exactly once for each `enter` that returned true.
    package func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            let first = state.waiting.removeFirst()
            state.waitingBytes -= first.bytes
            return first.continuation
        }
        next?.resume()
    }
}
