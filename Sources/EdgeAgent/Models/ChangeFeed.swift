import Synchronization

/// Notifies its subscribers that something has changed, until the agent ends.
package final class ChangeFeed: Sendable {
    private struct State {
        var subscriptions = 0
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// A stream that yields after changes, several of them at once perhaps. It ends with
    /// `unsubscribe` or `close`; after `close` it ends at once.
    func subscribe() -> (number: Int, stream: AsyncStream<Void>) {
        let (stream, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.subscriptions += 1
            if state.isClosed {
                continuation.finish()
            } else {
                state.listeners[state.subscriptions] = continuation
            }
            return state.subscriptions
        }
        return (number, stream)
    }

    func unsubscribe(_ number: Int) {
        state.withLock { $0.listeners.removeValue(forKey: number) }?.finish()
    }

    /// Ends every stream, so that attachments let go at shutdown.
    func close() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.isClosed = true
            return state.listeners
        }
        for listener in listeners.values { listener.finish() }
    }

    func notify() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield() }
    }
}
