import Base
package import Logging
import ServiceLifecycle
import Synchronization
package import Vision

/// Loads models that were asked to start, each on a thread of its own, a few at the same time. One
/// that takes too long is FAILED, and keeps no other from loading.
package struct ModelLoader: Service {
    private let shelf: ModelShelf
    private let runtime: OnnxRuntime
    private let device: Device
    private let threads: Int
    private let secondsMax: Double?
    private let logger: Logger
    private let places = Admission(runningMax: AgentLimits.loadsMax, waitingMax: .max)
    private let left = LeftLoads()

    /// How many loads were given up and have not ended.
    private final class LeftLoads: Sendable {
        private let count = Mutex(0)

        var now: Int { count.withLock { $0 } }

        func change(by number: Int) { count.withLock { $0 += number } }
    }

    /// - Parameters:
    ///   - threads: threads that ONNX Runtime uses for one detection.
    ///   - secondsMax: after which a load is given up; nil takes the bound of `AgentLimits`.
    package init(
        shelf: ModelShelf, runtime: OnnxRuntime, device: Device, threads: Int,
        secondsMax: Double? = nil, logger: Logger
    ) {
        self.shelf = shelf
        self.runtime = runtime
        self.device = device
        self.threads = threads
        self.secondsMax = secondsMax
        self.logger = logger
    }

    /// Takes loads from the shelf until a graceful shutdown. A failed load makes its model FAILED
    /// and does not end the loop.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await load in shelf.loads { group.addTask { await take(load) } }
            }
        }
    }

    private func take(_ load: ModelShelf.Load) async {
        _ = await places.enter(bytes: 0)
        defer { places.leave() }
        guard !Task.isCancelled, shelf.isCurrent(load) else { return }
        let clock = ContinuousClock.now
        let result = await result(of: load)
        shelf.finish(load, result)
        report(load, result, since: clock)
    }

    private func result(of load: ModelShelf.Load) async -> Result<(Detector, String), VisionError> {
        guard left.now < AgentLimits.leftLoadsMax else {
            return .failure(
                VisionError(
                    .runtimeUnavailable,
                    "\(AgentLimits.leftLoadsMax) loads that took too long have not ended. Remove "
                        + "their packages, or restart the agent."))
        }
        let (runtime, device, threads, left) = (runtime, device, threads, left)
        let seconds =
            secondsMax
            ?? (device.hasGPU ? AgentLimits.acceleratedLoadSecondsMax : AgentLimits.loadSecondsMax)
        // Counted from the start, so that one that ends at the very limit is counted off as well.
        left.change(by: 1)
        let work = await LeavableWork.run(within: .seconds(seconds)) {
            Result { () throws(VisionError) in
                try Self.load(load.source, runtime, device, threads: threads)
            }
        } onEnd: {
            left.change(by: -1)
        }
        if let work { return work }
        guard !Task.isCancelled else {
            return .failure(VisionError(.cancelled, "The agent is ending."))
        }
        return .failure(
            VisionError(
                .invalidModel,
                "Loading and checking the model took more than \(Int(seconds)) s and was given up. "
                    + "Its graph computes too much for this device."))
    }

    /// - Returns: the detector and what its user should know.
    package static func load(
        _ source: ModelSource, _ runtime: OnnxRuntime, _ device: Device, threads: Int
    ) throws(VisionError) -> (Detector, String) {
        let package = try ModelPackage(path: try source.path())
        let plan = try device.plan(for: package.manifest, source.settings)
        func detector(_ providers: [ExecutionProvider]) throws(VisionError) -> Detector {
            try package.detector(
                runtime: runtime, threads: threads, threshold: source.settings.threshold,
                providers: providers)
        }
        var notes = ["The model is running on \(plan.name)."] + plan.warnings
        var made: Detector
        do throws(VisionError) {
            made = try detector(plan.providers)
        } catch {
            // The library may know a GPU that this device does not have.
            guard !plan.providers.isEmpty, source.settings.fallback ?? true else { throw error }
            made = try detector([])
            notes = [
                "The model is running on the CPU, since \(plan.name) failed: \(error.message)"
            ]
        }
        let packaged = package.manifest.decision.threshold
        let threshold = source.settings.threshold.map {
            ["The threshold is \($0) by configuration, \(packaged) by the package."]
        }
        return (
            made, (notes + (threshold ?? [])).joined(separator: " ")
        )
    }

    private func report(
        _ load: ModelShelf.Load, _ result: Result<(Detector, String), VisionError>,
        since start: ContinuousClock.Instant
    ) {
        var metadata: Logger.Metadata = ["component": "\(load.component)"]
        switch result {
        case .success((_, let message)):
            metadata["milliseconds"] = "\((ContinuousClock.now - start) / .milliseconds(1))"
            logger.info("\(message)", metadata: metadata)
        case .failure(let error):
            logger.error("The model failed: \(error.message)", metadata: metadata)
        }
    }
}
