import Access
import FoundationEssentials
import Logging
import NIOPosix
import Service
import Storage
import TestSupport
import Vision

/// What simulations that run one after the other share: threads, and what is read but never
/// changed.
package final class SimulationPlace: Sendable {
    /// Where the simulation itself runs.
    let thread = NIOThreadPool(numberOfThreads: 1)
    /// Where its tasks do blocking work.
    let pool = NIOThreadPool(numberOfThreads: 1)
    private let directory: TemporaryDirectory
    private let runtime: OnnxRuntime
    private let backbones: Backbones
    private let arns = ARNs(region: "us-east-1", account: "000000000000")
    private let logger: Logger

    /// Starts the threads, and loads ONNX Runtime and the backbone.
    ///
    /// - Throws: `VisionError` when ONNX Runtime was not set up, or the error of a file.
    package init() throws {
        thread.start()
        pool.start()
        directory = try TemporaryDirectory()
        runtime = try Checkout.runtime.get()
        backbones = Backbones(
            standard: try Checkout.backbone(),
            store: BackboneFolder(path: "\(directory.path)/backbones", pool: pool), pool: pool)
        var logger = Logger(label: "simulation")
        logger.logLevel = .critical
        self.logger = logger
    }

    /// Ends the threads; no simulation may be running.
    ///
    /// - Throws: NIO's error, if it was shut down before.
    package func shutDown() async throws {
        try await thread.shutdownGracefully()
        try await pool.shutdownGracefully()
    }

    func context(
        metadata: any MetadataStore, objects: any ObjectStore, stateBucket: String,
        now: @escaping @Sendable () -> Date, clock: any Clock<Duration>,
        random: @escaping @Sendable () -> Double
    ) -> ServiceContext {
        let state = StateBucket(objects: objects, name: stateBucket, metadata: metadata, now: now)
        let library = ModelLibrary(state: state, prefix: ModelLibrary.sharedPrefix)
        return ServiceContext(
            metadata: metadata, objects: objects, state: state, models: library,
            host: ModelHost(
                library: library, runtime: runtime, pool: pool,
                bytesMax: AdjustableLimits().hostedModelBytesMax, clock: clock),
            registry: StoredRegistry(
                metadata: metadata, state: state, objects: objects, arns: arns, pool: pool,
                temporaryDirectory: directory.path, now: now),
            runtime: runtime, backbones: backbones, training: SimulatedTraining(), arns: arns,
            pageTokens: PageTokens(key: Data(repeating: 7, count: 32)),
            pools: WorkPools(shared: pool),
            temporaryDirectory: directory.path, limits: AdjustableLimits(), trainingThreads: 1,
            now: now, clock: clock, random: random, logger: logger)
    }
}
