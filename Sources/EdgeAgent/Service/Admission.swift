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

    package init(
        runningMax: Int, waitingMax: Int = AgentLimits.waitingCallsMax,
        waitingBytesMax: Int = AgentLimits.waitingBytesMax
    ) {
        self.runningMax = runningMax
        self.waitingMax = waitingMax
        self.waitingBytesMax = waitingBytesMax
    }

    package var waitingCalls: Int { state.withLock { $0.waiting.count } }

    /// Returns when the caller may compute; it then owes a `leave`.
    ///
    /// - Parameter bytes: what the call holds in memory while it waits.
    /// - Throws: `resourceExhausted` when too many wait already.
    package func enter(bytes: Int) async throws {
        let mayRun = try state.withLock { state throws(AgentError) in
            if state.running < runningMax {
                state.running += 1
                return true
            }
            guard state.waiting.count < waitingMax, state.waitingBytes + bytes <= waitingBytesMax
            else {
                throw AgentError(
                    .resourceExhausted,
                    "\(state.waiting.count) calls are waiting already; send fewer at once, or try "
                        + "again.")
            }
            // The place is taken here, so that nobody comes between.
            state.waitingBytes += bytes
            return false
        }
        if mayRun { return }
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
    }

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
