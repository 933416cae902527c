import Synchronization

/// Tells whoever waits that rows of some kind have changed.
package final class MetadataChanges: Sendable {
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

    package init() {}

    /// How often something was told of a topic. Ask before looking at the rows, and wait for more
    /// after it, so that nothing is missed in between.
    package func count(_ topic: Topic) -> Int { state.withLock { $0.counts[topic] ?? 0 } }

    /// Returns when more was told of a topic than `count`, or the task is cancelled.
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
