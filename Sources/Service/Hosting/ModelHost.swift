import Base
package import NIOPosix
import Storage
import Synchronization
package import Vision
import Wire

/// The hosted models of a process: those that are used are in memory, within a bound of bytes. A
/// model that is not there is loaded by the first call that needs it.
///
/// An inference unit is one run at a time. A model has as many as StartModel's maximum; calls
/// beyond wait, and beyond `Limits.waitingCallsPerUnit` for each unit they are throttled.
package final class ModelHost: Sendable {
    /// What the host holds at a moment, for metrics.
    package struct Memory: Sendable, Equatable {
        /// Models in memory.
        package let models: Int
        /// What they and those that are being loaded take, as `ModelMemory` estimates it.
        package let bytes: Int
        /// The bound of `bytes`; a model that is larger than it is let in alone.
        package let bytesMax: Int
        /// Models loaded since the process began.
        package let loads: Int
        /// Models that left memory for others since the process began.
        package let evictions: Int
    }

    private typealias Outcome = Result<Detector, any Error>

    private struct State {
        var cache: ModelCache<Detector>
        /// Those who wait for a model that another loads.
        var loading: [ModelKey: [CheckedContinuation<Outcome?, Never>]] = [:]
        /// Bytes of the model for which there was no room without sending another away.
        var bytesRefused = 0
    }

    private let library: ModelLibrary
    private let runtime: OnnxRuntime
    private let pool: NIOThreadPool
    private let keepsModels: Bool
    private let clock: any Clock<Duration>
    private let loads = Admission(runningMax: Limits.modelLoadsMax, waitingMax: .max)
    private let state: Mutex<State>

    /// - Parameters:
    ///   - bytesMax: of the models in memory, as `ModelMemory` counts them.
    ///   - keepsModels: whether calls will need them; a worker only tries whether they load.
    ///   - clock: what pauses are measured by while there is no room.
    package init(
        library: ModelLibrary, runtime: OnnxRuntime, pool: NIOThreadPool,
        bytesMax: Int, keepsModels: Bool = true, clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.library = library
        self.runtime = runtime
        self.pool = pool
        self.keepsModels = keepsModels
        self.clock = clock
        state = Mutex(State(cache: ModelCache(bytesMax: bytesMax)))
    }

    /// What is in memory now.
    package var memory: Memory {
        state.withLock { state in
            Memory(
                models: state.cache.keys.count, bytes: state.cache.bytes,
                bytesMax: state.cache.bytesMax, loads: state.cache.loads,
                evictions: state.cache.evictions)
        }
    }

    var keys: [ModelKey] { state.withLock { $0.cache.keys } }

    /// Whether a model may fit in beside the others, as far as is known.
    var hasRoom: Bool {
        state.withLock { $0.cache.bytes + $0.bytesRefused < $0.cache.bytesMax }
    }

    /// Calls that run and that wait; nil for a model that is not in memory.
    func calls(_ model: ModelRecord) -> (running: Int, waiting: Int)? {
        state.withLock { $0.cache.admission(ModelKey(model)) }.map {
            ($0.runningCalls, $0.waitingCalls)
        }
    }

    /// The threshold of the model's manifest; nil for a model that is not in memory.
    func threshold(_ model: ModelRecord) -> Double? {
        state.withLock { $0.cache.model(ModelKey(model)) }?.manifest.decision.threshold
    }

    /// Loads the model, so that it is known to work.
    ///
    /// - Throws: `VisionError`, `StorageError`; `throttling` when the models in use leave no room.
    func load(_ model: ModelRecord) async throws {
        _ = enter(model)
        defer { leave(model) }
        _ = try await detector(model, evicting: true)
        if !keepsModels { unload(model.project, model.version) }
    }

    /// Loads the model if there is room beside those that are in memory.
    ///
    /// - Returns: whether it is in memory.
    func warm(_ model: ModelRecord) async throws -> Bool {
        _ = enter(model)
        defer { leave(model) }
        do {
            _ = try await detector(model, evicting: false)
            return true
        } catch is NoRoom {
            return false
        }
    }

    /// Runs `body` with the model's detector on the thread pool, when a unit is free.
    ///
    /// - Parameter bytes: what the call holds while it waits.
    /// - Throws: `throttling` when too many calls wait already, or the models in use leave no room.
    func run<Value: Sendable>(
        _ model: ModelRecord, bytes: Int, _ body: @escaping @Sendable (Detector) throws -> Value
    ) async throws -> Value {
        let admission = enter(model)
        defer { leave(model) }
        guard await admission.enter(bytes: bytes) else {
            throw WireError.throttled(
                "\(admission.waitingCalls) calls wait already for the "
                    + "\(model.inferenceUnits) inference units of the model. Send fewer at once, or "
                    + "start it with a higher MaxInferenceUnits.", quota: "inference-units")
        }
        defer { admission.leave() }
        try Task.checkCancellation()
        let detector = try await detector(model, evicting: true)
        return try await pool.runIfActive { try body(detector) }
    }

    /// One that is in use goes when its last call has ended.
    package func unload(_ project: String, _ version: Int) {
        let gone = state.withLock { $0.cache.unload(project, version) }
        withExtendedLifetime(gone) {}
    }

    func unload(_ key: ModelKey) {
        let gone = state.withLock { $0.cache.unload(key) }
        withExtendedLifetime(gone) {}
    }

    private func enter(_ model: ModelRecord) -> Admission {
        state.withLock { $0.cache.enter(ModelKey(model), units: model.inferenceUnits) }
    }

    private func leave(_ model: ModelRecord) {
        let gone = state.withLock { $0.cache.leave(ModelKey(model)) }
        withExtendedLifetime(gone) {}
    }

    // MARK: Loading

    private struct NoRoom: Error {}

    private enum Place {
        case inMemory(Detector)
        case loadedByAnother
        /// The caller is to load it.
        case vacant
    }

    /// The detector of a model that the caller has entered: loaded once, however many need it.
    private func detector(_ model: ModelRecord, evicting: Bool) async throws -> Detector {
        let key = ModelKey(model)
        while true {
            let place = state.withLock { state -> Place in
                if let detector = state.cache.model(key) { return .inMemory(detector) }
                if state.loading[key] != nil { return .loadedByAnother }
                state.loading[key] = []
                return .vacant
            }
            switch place {
            case .inMemory(let detector): return detector
            case .vacant:
                let outcome = await outcome(of: model, evicting: evicting)
                let waiting = state.withLock { $0.loading.removeValue(forKey: key) }
                for waiter in waiting ?? [] { waiter.resume(returning: outcome) }
                return try outcome.get()
            case .loadedByAnother:
                switch await self.outcome(ofAnothersLoad: key) {
                case .success(let detector): return detector
                // What ended the other's load is no reason for this one.
                case .failure(let error) where error is CancellationError || error is NoRoom:
                    try Task.checkCancellation()
                case .failure(let error): throw error
                case nil: break
                }
            }
        }
    }

    /// - Returns: nil when it is over already.
    private func outcome(ofAnothersLoad key: ModelKey) async -> Outcome? {
        await withCheckedContinuation { (continuation: CheckedContinuation<Outcome?, Never>) in
            let isWaiting = state.withLock { state in
                state.loading[key]?.append(continuation) != nil
            }
            if !isWaiting { continuation.resume(returning: nil) }
        }
    }

    private func outcome(of model: ModelRecord, evicting: Bool) async -> Outcome {
        do {
            return .success(try await loaded(model, evicting: evicting))
        } catch {
            return .failure(error)
        }
    }

    private func loaded(_ model: ModelRecord, evicting: Bool) async throws -> Detector {
        let key = ModelKey(model)
        let manifest = try await library.manifest(of: model)
        let memory = ModelMemory(
            manifest, graphBytes: try await library.graphBytes(of: model),
            units: model.inferenceUnits)
        try await reserve(memory.bytes, for: key, evicting: evicting)
        do {
            _ = await loads.enter(bytes: 0)
            defer { loads.leave() }
            let graph = try await library.graph(of: model, manifest)
            let runtime = runtime
            // One thread a run: calls overlap, and each core serves one.
            let detector = try await pool.runIfActive {
                try Detector(runtime: runtime, manifest: manifest, model: graph, threads: 1)
            }
            state.withLock { $0.cache.fill(key, detector) }
            return detector
        } catch {
            state.withLock { $0.cache.abandon(key) }
            throw error
        }
    }

    /// Waits a while for models in use to come to rest, if there is no room beside them.
    private func reserve(_ bytes: Int, for key: ModelKey, evicting: Bool) async throws {
        var millisecondsLeft = Int(Limits.modelRoomSeconds * 1000)
        while true {
            let gone = state.withLock { state in
                let gone = state.cache.reserve(key, bytes: bytes, evicting: evicting)
                if !evicting {
                    // One that never fits beside others says nothing about those.
                    let isKnown = gone == nil && bytes < state.cache.bytesMax
                    state.bytesRefused = isKnown ? bytes : 0
                }
                return gone
            }
            if gone != nil { return }
            guard evicting else { throw NoRoom() }
            guard millisecondsLeft > 0 else {
                throw WireError.throttled(
                    "The model takes \(bytes >> 20) MiB of memory, and the models in use leave no "
                        + "room for it. Try again later, or start the server with a higher --limit "
                        + "hosted-model-bytes.", quota: "hosted-model-bytes")
            }
            try await clock.sleep(for: .milliseconds(Limits.modelRoomPollMilliseconds))
            millisecondsLeft -= Limits.modelRoomPollMilliseconds
        }
    }
}
