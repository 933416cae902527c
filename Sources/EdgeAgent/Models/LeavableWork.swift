import Base
import Synchronization

/// Blocking work on a thread of its own, which its caller leaves when it takes too long: no other
/// work waits for that thread, whatever the work does.
package enum LeavableWork {
    private enum State<Value: Sendable>: Sendable {
        case begun
        case awaited(CheckedContinuation<Value?, Never>)
        case over
    }

    private final class Answer<Value: Sendable>: Sendable {
        private let state = Mutex(State<Value>.begun)

        /// - Returns: false when the answer is there already.
        func wait(_ continuation: CheckedContinuation<Value?, Never>) -> Bool {
            let isOver = state.withLock { state in
                if case .over = state { return true }
                state = .awaited(continuation)
                return false
            }
            if isOver { continuation.resume(returning: nil) }
            return !isOver
        }

        /// Only the first answer counts.
        func give(_ value: Value?) {
            let waiting = state.withLock { state -> CheckedContinuation<Value?, Never>? in
                defer { state = .over }
                if case .awaited(let continuation) = state { return continuation }
                return nil
            }
            waiting?.resume(returning: value)
        }
    }

    /// - Parameters:
    ///   - limit: how long the caller waits.
    ///   - onEnd: called when the work has ended, also after the caller has left, or when it never
    ///     began.
    /// - Returns: what `body` returns; nil when it took longer, the task was cancelled, or the
    ///   system has no thread left. Its value
    ///   is dropped then, once it is there.
    package static func run<Value: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () -> Value,
        onEnd: @escaping @Sendable () -> Void = {}
    ) async -> Value? {
        let answer = Answer<Value>()
        return await withTaskGroup(of: Void.self, returning: Value?.self) { group in
            group.addTask {
                // Cancelled when the answer is there; both end the wait.
                try? await Task.sleep(for: limit)
                answer.give(nil)
            }
            let value = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    guard answer.wait(continuation) else { return onEnd() }
                    let hasBegun = DetachedThread.start {
                        let value = body()
                        onEnd()
                        answer.give(value)
                    }
                    guard hasBegun else {
                        onEnd()
                        return answer.give(nil)
                    }
                }
            } onCancel: {
                answer.give(nil)
            }
            group.cancelAll()
            return value
        }
    }
}
