import Synchronization

/// A clock on which no time passes until the test says so: sleepers wait for `open` or for their
/// cancellation.
final class HeldClock: Clock {
    private struct State {
        var isOpen = false
        var sleeps = 0
        var cancelled: Set<Int> = []
        var sleepers: [Int: CheckedContinuation<Void, any Error>] = [:]
    }

    private let state = Mutex(State())
    private let begun = AsyncStream<Void>.makeStream()

    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.sleeps += 1
            return state.sleeps
        }
        begun.continuation.yield()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.contains(id) { return .failure(CancellationError()) }
                    if state.isOpen { return .success(()) }
                    state.sleepers[id] = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.cancelled.insert(id)
                return state.sleepers.removeValue(forKey: id)
            }
            sleeper?.resume(throwing: CancellationError())
        }
    }

    /// Returns once for each sleep that has begun, or will begin.
    func sleeperCame() async {
        for await _ in begun.stream { return }
    }

    /// From now on nobody sleeps.
    func open() {
        let sleepers = state.withLock { state in
            state.isOpen = true
            defer { state.sleepers = [:] }
            return state.sleepers
        }
        for sleeper in sleepers.values { sleeper.resume() }
    }
}
