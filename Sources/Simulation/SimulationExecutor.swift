import Dispatch
import NIOPosix
import Synchronization

/// Runs all tasks of a simulation on one thread, in the same order every time.
///
/// Work that leaves the thread and comes back is waited for before anything else goes on: on the
/// thread pool, which therefore has one thread, after every piece of a task; elsewhere
/// what is counted with `outside`.
final class SimulationExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var next = 0
        var outside = 0
        var idle: CheckedContinuation<Void, Never>?
        var isAsleep = false
        var isOver = false

        mutating func pop() -> UnownedJob? {
            guard next < jobs.count else { return nil }
            let job = jobs[next]
            next += 1
            if next == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                next = 0
            }
            return job
        }
    }

    private let pool: NIOThreadPool
    private let state = Mutex(State())
    private let woken = DispatchSemaphore(value: 0)
    private let settled = DispatchSemaphore(value: 0)

    /// - Parameter pool: of one thread, and no other simulation's.
    init(pool: NIOThreadPool) { self.pool = pool }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        wake { $0.jobs.append(job) }
    }

    private func wake(_ body: @Sendable (inout State) -> Void) {
        let wasAsleep = state.withLock { state in
            body(&state)
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if wasAsleep { woken.signal() }
    }

    private enum Next {
        case run(UnownedJob)
        case tell(CheckedContinuation<Void, Never>)
        case wait
        case end
    }

    /// Blocks until `end` and runs what there is to run.
    func run() {
        while true {
            let next = state.withLock { state -> Next in
                if let job = state.pop() { return .run(job) }
                if state.isOver { return .end }
                if state.outside == 0, let idle = state.idle {
                    state.idle = nil
                    return .tell(idle)
                }
                state.isAsleep = true
                return .wait
            }
            switch next {
            case .run(let job):
                job.runSynchronously(on: asUnownedTaskExecutor())
                settle()
            case .tell(let idle): idle.resume()
            case .wait: woken.wait()
            case .end: return
            }
        }
    }

    func end() { wake { $0.isOver = true } }

    /// Waits until the pool has done what was handed to it.
    private func settle() {
        pool.submit { [settled] _ in settled.signal() }
        settled.wait()
    }

    /// Returns when nothing can go on by itself any more.
    func idle() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.idle = continuation }
        }
    }

    /// Does something that leaves the thread.
    func outside<Value: Sendable>(_ body: () async throws -> Value) async rethrows -> Value {
        state.withLock { $0.outside += 1 }
        defer { state.withLock { $0.outside -= 1 } }
        return try await body()
    }
}
