import Access
import FoundationEssentials
import Logging
package import NIOPosix
package import Service
import Storage
import Vision

/// The service on fresh stores, a manual clock and an object store that fails on demand.
package struct TestService: Sendable {
    package let directory: TemporaryDirectory
    package let clock = ManualClock()
    package let pool: NIOThreadPool
    package let objects: FaultyObjectStore
    package let context: ServiceContext

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
