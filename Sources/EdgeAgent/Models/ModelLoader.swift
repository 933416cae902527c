package import Logging
package import NIOPosix
import ServiceLifecycle
package import Vision

/// Loads models that were asked to start, one after the other, on a thread that may block.
package struct ModelLoader: Service {
    private let shelf: ModelShelf
    private let runtime: OnnxRuntime
    private let device: Device
    private let pool: NIOThreadPool
    private let threads: Int
    private let logger: Logger

    /// - Parameters:
    ///   - pool: where packages are read and checked, which blocks.
    ///   - threads: threads that ONNX Runtime uses for one detection.
    package init(
        shelf: ModelShelf, runtime: OnnxRuntime, device: Device, pool: NIOThreadPool, threads: Int,
        logger: Logger
    ) {
        self.shelf = shelf
        self.runtime = runtime
        self.device = device
        self.pool = pool
        self.threads = threads
        self.logger = logger
    }

    /// Takes loads from the shelf until a graceful shutdown. A failed load makes its model FAILED
    /// and does not end the loop.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            for await load in shelf.loads where shelf.isCurrent(load) {
                let clock = ContinuousClock.now
                let result = await result(of: load)
                shelf.finish(load, result)
                report(load, result, since: clock)
            }
        }
    }

    private func result(of load: ModelShelf.Load) async -> Result<(Detector, String), VisionError> {
        let (runtime, device, threads) = (runtime, device, threads)
        do {
            return try await pool.runIfActive {
                do throws(VisionError) {
                    return .success(
                        try Self.load(load.source, runtime, device, threads: threads))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            return .failure(VisionError(.cancelled, "The agent is ending."))
        }
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

/// Looks into folders of models again and again, so that a copied-in version appears.
package struct FolderWatch: Service {
    private let folders: [String]
    private let shelf: ModelShelf
    private let pool: NIOThreadPool
    private let logger: Logger

    /// - Parameters:
    ///   - folders: earlier ones win where two have the same component.
    ///   - pool: where folders and manifests are read, which blocks.
    package init(folders: [String], shelf: ModelShelf, pool: NIOThreadPool, logger: Logger) {
        self.folders = folders
        self.shelf = shelf
        self.pool = pool
        self.logger = logger
    }

    /// Looks every `AgentLimits.folderPollMilliseconds` until a graceful shutdown.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await look()
                try await Task.sleep(for: .milliseconds(AgentLimits.folderPollMilliseconds))
            }
        }
    }

    /// One look at all folders. With a component in two folders the first folder counts.
    package func look() async throws {
        let (folders, known) = (folders, shelf.knownStamps())
        let (sources, read) = try await pool.runIfActive {
            var sources: [ModelSource] = []
            var read: [String: Result<ModelManifest, VisionError>] = [:]
            for source in folders.flatMap(ModelFolder.sources)
            where !sources.contains(where: { $0.component == source.component }) {
                sources.append(source)
                guard known[source.component] != ModelShelf.identity(source) else { continue }
                read[source.component] = source.manifest
            }
            return (sources, read)
        }
        for component in shelf.update(sources, read: read) {
            do {
                _ = try shelf.start(component)
            } catch {
                logger.warning("\(error)", metadata: ["component": "\(component)"])
            }
        }
    }
}
