import Synchronization

/// Wakes tasks that wait for rows of some kind to change.
///
/// A waiter misses nothing if it asks for the count first, then looks at the rows, and then waits:
///
///     let count = changes.count(.jobs)
///     if let job = try await claim() { … }
///     await changes.wait(for: .jobs, beyond: count)
package final class MetadataChanges: Sendable {
    /// What has changed. PostgreSQL's payloads are the raw values.
    package enum Topic: String, Sendable, CaseIterable {
        /// A job can be claimed.
        case jobs
        /// A model has another state.
        case models
    }

    private struct Waiter {
        let topic: Topic
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var counts: [Topic: Int] = [:]
        var waiterNumber = 0
        var waiters: [Int: Waiter] = [:]
    }

    private let state = Mutex(State())

    /// Nothing has been posted, and nobody waits.
    package init() {}

    /// How often a topic was posted since the start of the process. It only grows.
    package func count(_ topic: Topic) -> Int { state.withLock { $0.counts[topic] ?? 0 } }

    /// Returns when a topic was posted more often than `count`, or the task is cancelled; at once
    /// if that is so already.
    package func wait(for topic: Topic, beyond count: Int) async {
        let number = state.withLock { state in
            state.waiterNumber += 1
            return state.waiterNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard (state.counts[topic] ?? 0) <= count, !Task.isCancelled else {
                        return true
                    }
                    state.waiters[number] = Waiter(topic: topic, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume()
        }
    }

    /// Counts a change and resumes those who wait for its topic, each once.
    package func post(_ topic: Topic) {
        let waiters = state.withLock { state in
            state.counts[topic, default: 0] += 1
            let due = state.waiters.filter { $0.value.topic == topic }
            for number in due.keys { state.waiters[number] = nil }
            return due.values.map(\.continuation)
        }
        for waiter in waiters { waiter.resume() }
    }
}
