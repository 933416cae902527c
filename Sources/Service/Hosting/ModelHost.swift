package import NIOPosix
import Storage
import Synchronization
package import Vision
import Wire

/// The models that are in memory. A hosted model that is not, after a restart say, is loaded by
/// the first call that needs it.
///
/// An inference unit is one run at a time. A model has as many as StartModel's maximum; calls
/// beyond wait, and beyond `Limits.waitingCallsPerUnit` for each unit they are throttled.
package final class ModelHost: Sendable {
    private struct Key: Hashable {
        let project: String
        let version: Int
    }

    private struct HostedModel: Sendable {
        let detector: Detector
        let units: Int
        let admission: Admission
    }

    private let library: ModelLibrary
    private let runtime: OnnxRuntime
    private let pool: NIOThreadPool
    private let loading = Admission(runningMax: 1, waitingMax: .max)
    private let loaded = Mutex<[Key: HostedModel]>([:])

    package init(library: ModelLibrary, runtime: OnnxRuntime, pool: NIOThreadPool) {
        self.library = library
        self.runtime = runtime
        self.pool = pool
    }

    /// Loads the model anew: one that is there may be left from an earlier start, with other units.
    func load(_ model: ModelRecord) async throws {
        unload(model.project, model.version)
        _ = try await hosted(model)
    }

    /// Runs `body` with the model's detector on the thread pool, when a unit is free.
    ///
    /// - Parameter bytes: what the call holds while it waits.
    /// - Throws: `throttling` when too many calls wait already.
    func run<Value: Sendable>(
        _ model: ModelRecord, bytes: Int, _ body: @escaping @Sendable (Detector) throws -> Value
    ) async throws -> Value {
        let hosted = try await hosted(model)
        guard await hosted.admission.enter(bytes: bytes) else {
            throw WireError.throttled(
                "\(hosted.admission.waitingCalls) calls wait already for the "
                    + "\(model.inferenceUnits) inference units of the model. Send fewer at once, or "
                    + "start it with a higher MaxInferenceUnits.", quota: "inference-units")
        }
        defer { hosted.admission.leave() }
        try Task.checkCancellation()
        return try await pool.runIfActive { try body(hosted.detector) }
    }

    /// Calls that run and that wait; nil for a model that is not in memory.
    func calls(_ model: ModelRecord) -> (running: Int, waiting: Int)? {
        let key = Key(project: model.project, version: model.version)
        return loaded.withLock { $0[key] }.map {
            ($0.admission.runningCalls, $0.admission.waitingCalls)
        }
    }

    /// The threshold of the model's manifest; nil for a model that is not in memory.
    func threshold(_ model: ModelRecord) -> Double? {
        let key = Key(project: model.project, version: model.version)
        return loaded.withLock { $0[key] }?.detector.manifest.decision.threshold
    }

    /// One load at a time: after a restart many calls may find the model missing at once, and each
    /// would hold a copy.
    private func hosted(_ model: ModelRecord) async throws -> HostedModel {
        let key = Key(project: model.project, version: model.version)
        let known = loaded.withLock { $0[key] }
        if let known, known.units == model.inferenceUnits { return known }
        _ = await loading.enter(bytes: 0)
        defer { loading.leave() }
        if let hosted = loaded.withLock({ $0[key] }), hosted.units == model.inferenceUnits {
            return hosted
        }
        let (manifest, bytes) = try await library.load(model)
        let runtime = runtime
        // One thread a run: calls overlap, and each core serves one.
        let detector = try await pool.runIfActive {
            try Detector(runtime: runtime, manifest: manifest, model: bytes, threads: 1)
        }
        let units = model.inferenceUnits
        let (waiting, product) = units.multipliedReportingOverflow(by: Limits.waitingCallsPerUnit)
        let hosted = HostedModel(
            detector: detector, units: units,
            admission: Admission(
                runningMax: units, waitingMax: product ? .max : waiting,
                waitingBytesMax: Limits.waitingBytesMax))
        loaded.withLock { $0[key] = hosted }
        return hosted
    }

    package func unload(_ project: String, _ version: Int) {
        _ = loaded.withLock { $0.removeValue(forKey: Key(project: project, version: version)) }
    }
}

extension ModelRecord {
    /// Runs at once.
    var inferenceUnits: Int { max(1, maxInferenceUnits ?? minInferenceUnits ?? 1) }
}
