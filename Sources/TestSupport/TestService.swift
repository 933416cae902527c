import Access
import FoundationEssentials
import Logging
package import NIOPosix
package import Service
import Storage
import Vision

/// The service on fresh stores, a manual clock and an object store that fails on demand. Its files
/// are removed with the last copy of it.
package struct TestService: Sendable {
    /// The data directory.
    package let directory: TemporaryDirectory
    /// The clock that `context` shows; leases and pauses go by it.
    package let clock = ManualClock()
    /// Four threads for blocking work; they last as long as the process.
    package let pool: NIOThreadPool
    /// The users' buckets. The service's own do not fail.
    package let objects: FaultyObjectStore
    /// What operations and workers are made with.
    package let context: ServiceContext

    /// - Throws: the error of a store, or of ONNX Runtime when it was not set up.
    package init() throws {
        directory = try TemporaryDirectory()
        pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        let root = directory.path
        objects = FaultyObjectStore(try DirectoryStore(root: "\(root)/buckets", pool: pool))
        let metadata = try SQLiteStore(path: "\(root)/spotter.sqlite")
        let state = StateBucket(
            objects: try DirectoryStore(root: "\(root)/internal", pool: pool), name: "models",
            metadata: metadata, now: { [clock] in clock.now })
        let library = ModelLibrary(state: state, prefix: "")
        let runtime = try Checkout.runtime.get()
        let arns = ARNs(region: "us-east-1", account: "000000000000")
        let temporary = "\(root)/temporary"
        try FileManager.default.createDirectory(
            atPath: temporary, withIntermediateDirectories: true)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        context = ServiceContext(
            metadata: metadata, objects: objects, state: state, models: library,
            host: ModelHost(
                library: library, runtime: runtime, pool: pool,
                bytesMax: AdjustableLimits().hostedModelBytesMax),
            registry: try DirectoryRegistry(
                root: "\(root)/greengrass", objects: objects, arns: arns, pool: pool),
            runtime: runtime,
            backbones: Backbones(
                standard: try Checkout.backbone(),
                store: BackboneFolder(path: "\(root)/backbones", pool: pool), pool: pool),
            arns: arns,
            pageTokens: PageTokens(key: Data(repeating: 7, count: 32)), pool: pool,
            temporaryDirectory: temporary, limits: AdjustableLimits(), trainingThreads: 2,
            now: { [clock] in clock.now },
            logger: logger)
    }
}
