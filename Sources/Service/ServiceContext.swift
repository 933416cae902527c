package import Access
package import FoundationEssentials
package import Logging
package import Storage
package import Vision

/// Everything that operations and jobs work with.
package struct ServiceContext: Sendable {
    /// Rows of projects, datasets, models, jobs, users and settings.
    package let metadata: any MetadataStore
    /// The buckets that users see.
    package let objects: any ObjectStore
    /// What belongs to the rows of models and components.
    package let state: StateBucket
    /// Bucket of the users' store that is Spotter's own; nil when the state lies elsewhere.
    package let reservedBucket: String?
    /// Files of trained models.
    package let models: ModelLibrary
    /// Models in memory; in a worker only to try whether they load.
    package let host: ModelHost
    /// Counts since the process began.
    package let metrics = DetectionMetrics()
    /// The same by day, kept in the database.
    package let ledger = DetectionLedger()
    /// Components that packaging jobs make: the embedded registry, or Greengrass itself.
    package let registry: any ComponentRegistry
    /// The library of ONNX Runtime, loaded once in a process.
    package let runtime: OnnxRuntime
    /// What looks at the parts of pictures that people outline.
    package let outlines = OutlineNetworks()
    /// Networks that features come from: the standard one and those given to projects.
    package let backbones: Backbones
    /// How a model is trained; another one in simulations.
    package let training: any ModelTraining
    /// Region and account of the installation, for names.
    package let arns: ARNs
    /// With a key that all servers of the installation share.
    package let pageTokens: PageTokens
    /// Where blocking work runs, apart by kind.
    package let pools: WorkPools
    /// For files on their way into a store; emptied at every start.
    package let temporaryDirectory: String
    /// As the owner of the machine set them; may differ between servers.
    package let limits: AdjustableLimits
    /// Cores that training may use.
    package let trainingThreads: Int
    /// The date that rows, tokens and leases are written with.
    package let now: @Sendable () -> Date
    /// What pauses are measured by.
    package let clock: any Clock<Duration>
    /// 0 to 1; spreads those that would do something at the same time.
    package let random: @Sendable () -> Double
    /// For what an operator should see; each user adds what it is about.
    package let logger: Logger

    package init(
        metadata: any MetadataStore, objects: any ObjectStore, state: StateBucket,
        models: ModelLibrary, host: ModelHost, registry: any ComponentRegistry,
        runtime: OnnxRuntime,
        backbones: Backbones, training: any ModelTraining = ImageTraining(), arns: ARNs,
        pageTokens: PageTokens, pools: WorkPools,
        temporaryDirectory: String, limits: AdjustableLimits, reservedBucket: String? = nil,
        trainingThreads: Int,
        now: @escaping @Sendable () -> Date = { Date() },
        clock: any Clock<Duration> = ContinuousClock(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0...1) }, logger: Logger
    ) {
        self.metadata = metadata
        self.objects = objects
        self.state = state
        self.models = models
        self.host = host
        self.registry = registry
        self.runtime = runtime
        self.backbones = backbones
        self.training = training
        self.arns = arns
        self.pageTokens = pageTokens
        self.pools = pools
        self.temporaryDirectory = temporaryDirectory
        self.limits = limits
        self.reservedBucket = reservedBucket
        self.trainingThreads = trainingThreads
        self.now = now
        self.clock = clock
        self.random = random
        self.logger = logger
    }
}
