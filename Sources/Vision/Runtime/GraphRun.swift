import Base
import COnnxRuntime
import Glibc
import Synchronization

/// One run of a graph, which other threads may end: ONNX Runtime looks for that between operators.
final class GraphRun: @unchecked Sendable {  // the options are made to be set by other threads
    /// Why a run was ended.
    enum End: Sendable {
        /// It took longer than `VisionLimits.runSecondsMax`.
        case late
        /// The process ends.
        case stopped
    }

    let options: OpaquePointer
    let deadline: ContinuousClock.Instant
    // The options are closed by the runtime, also when this outlives everybody else's interest.
    private let runtime: OnnxRuntime
    private let state = Mutex<End?>(nil)

    init(_ runtime: OnnxRuntime, deadline: ContinuousClock.Instant) throws(VisionError) {
        var message = [CChar](repeating: 0, count: 256)
        guard
            let options = spotter_ort_run_options_open(
                runtime.handle, &message, message.count)
        else {
            throw VisionError(
                .runtimeUnavailable, "A run could not begin: \(OnnxRuntime.text(message))")
        }
        self.runtime = runtime
        self.options = options
        self.deadline = deadline
    }

    deinit { spotter_ort_run_options_close(runtime.handle, options) }

    /// The reason, once the run was ended.
    var ended: End? { state.withLock { $0 } }

    func end(_ reason: End) {
        state.withLock { if $0 == nil { $0 = reason } }
        spotter_ort_run_options_end(runtime.handle, options)
    }
}

/// The runs that are under way in a runtime, so that none computes for ever.
final class GraphRuns: Sendable {
    private struct State {
        var runs: [ObjectIdentifier: GraphRun] = [:]
        var isWatched = false
        var isStopped = false
    }

    /// How often late runs are looked for, in milliseconds: far less than any bound.
    private static let watchMilliseconds: UInt32 = 100

    private let state = Mutex(State())

    /// - Throws: `cancelled` after `stop`.
    func begin(_ runtime: OnnxRuntime, seconds: Double) throws(VisionError) -> GraphRun {
        let run = try GraphRun(runtime, deadline: .now + .seconds(seconds))
        let (isStopped, isFirst) = state.withLock { state in
            guard !state.isStopped else { return (true, false) }
            state.runs[ObjectIdentifier(run)] = run
            defer { state.isWatched = true }
            return (false, !state.isWatched)
        }
        guard !isStopped else { throw VisionError(.cancelled, "The process is ending.") }
        if isFirst, !DetachedThread.start({ [self] in watch() }) {
            // The next run tries again.
            state.withLock { $0.isWatched = false }
        }
        return run
    }

    func finish(_ run: GraphRun) {
        _ = state.withLock { $0.runs.removeValue(forKey: ObjectIdentifier(run)) }
    }

    /// Ends all runs, and those that would begin later.
    func stop() {
        let runs = state.withLock { state in
            state.isStopped = true
            return Array(state.runs.values)
        }
        for run in runs { run.end(.stopped) }
    }

    /// Ends late runs, on a thread that lives as long as there are runs.
    private func watch() {
        while true {
            usleep(Self.watchMilliseconds * 1000)
            let (runs, goesOn) = state.withLock { state in
                state.isWatched = !state.runs.isEmpty
                return (Array(state.runs.values), state.isWatched)
            }
            for run in runs where run.deadline < .now { run.end(.late) }
            guard goesOn else { return }
        }
    }
}
