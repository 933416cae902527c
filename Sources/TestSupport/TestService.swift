import Access
import FoundationEssentials
package import Logging
package import NIOPosix
package import Service
package import Storage
package import Vision

/// The service on fresh stores, a manual clock and an object store that fails on demand. Nothing
/// works on jobs by itself; `Worker.workOnce` does one. Its files are removed with the last copy of
/// it.
package struct TestService: Sendable {
    /// The data directory.
    package let directory: TemporaryDirectory
    /// The clock that `context` shows; leases and pauses go by it.
    package let clock = ManualClock()
    /// Four threads for blocking work; they last as long as the process.
    package let pool: NIOThreadPool
    /// The users' buckets, which are folders below `buckets`.
    package let buckets: DirectoryStore
    /// `buckets`, as operations and jobs reach them. The service's own objects do not fail.
    package let objects: FaultyObjectStore
    /// The embedded registry, on the same clock.
    package let registry: DirectoryRegistry
    /// What operations and workers are made with.
    package let context: ServiceContext

    /// - Parameters:
    ///   - directory: that of an earlier service, to go on with what it kept; nil for a fresh one.
    ///   - metadata: wraps the SQLite store, for tests in which it fails.
    ///   - backbone: what models are built on; nil for the backbone that comes with Spotter.
    /// - Throws: the error of a store, or of ONNX Runtime when it was not set up.
    package init(
        directory kept: TemporaryDirectory? = nil, limits: AdjustableLimits = AdjustableLimits(),
        training: any ModelTraining = ImageTraining(), backbone: (any FeatureExtractor)? = nil,
        logger: Logger = TestService.silent,
        metadata wrap: (SQLiteStore) -> any MetadataStore = { $0 }
    ) throws {
        directory = try kept ?? TemporaryDirectory()
        pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        let root = directory.path
        buckets = try DirectoryStore(root: "\(root)/buckets", pool: pool)
        objects = FaultyObjectStore(buckets)
        let metadata = wrap(try SQLiteStore(path: "\(root)/spotter.sqlite"))
        let state = StateBucket(
            objects: try DirectoryStore(root: "\(root)/internal", pool: pool), name: "models",
            metadata: metadata, now: { [clock] in clock.now })
        let library = ModelLibrary(state: state, prefix: "")
        let runtime = try Checkout.runtime.get()
        let arns = ARNs(region: "us-east-1", account: "000000000000")
        let temporary = "\(root)/temporary"
        try FileManager.default.createDirectory(
            atPath: temporary, withIntermediateDirectories: true)
        registry = try DirectoryRegistry(
            root: "\(root)/greengrass", objects: objects, arns: arns, pool: pool,
            now: { [clock] in clock.now })
        context = ServiceContext(
            metadata: metadata, objects: objects, state: state, models: library,
            host: ModelHost(
                library: library, runtime: runtime, pool: pool,
                bytesMax: limits.hostedModelBytesMax),
            registry: registry, runtime: runtime,
            backbones: Backbones(
                standard: try backbone ?? Checkout.backbone(),
                store: BackboneFolder(path: "\(root)/backbones", pool: pool), pool: pool),
            training: training, arns: arns,
            pageTokens: PageTokens(key: Data(repeating: 7, count: 32)),
            pools: WorkPools(shared: pool),
            temporaryDirectory: temporary, limits: limits, trainingThreads: 2,
            now: { [clock] in clock.now },
            logger: logger)
    }

    /// Writes nothing that tests provoke.
    package static let silent: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()
}
