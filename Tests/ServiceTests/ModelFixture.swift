import FoundationEssentials
import Storage
import TestSupport
import Vision
import Wire

@testable import Service

/// A service whose stores can be watched and made to fail, with rows of models and small files that
/// the runtime really loads.
struct ModelFixture: Sendable {
    let service: TestService
    let objects: WatchedStore
    let stateFaults: FaultyObjectStore
    let stateObjects: WatchedStore
    let metadata: ForgetfulMetadata
    let context: ServiceContext

    init(
        bytesMax: Int = 1 << 30, keepsModels: Bool = true,
        registry: (any ComponentRegistry)? = nil, reserved: String? = nil,
        training: any ModelTraining = InstantTraining(), pools own: WorkPools? = nil,
        hostClock: any Clock<Duration> = ContinuousClock()
    ) throws {
        service = try TestService()
        let base = service.context
        let pools = own ?? base.pools
        objects = WatchedStore(service.objects)
        stateFaults = FaultyObjectStore(base.state.objects)
        stateObjects = WatchedStore(stateFaults)
        metadata = ForgetfulMetadata(base.metadata)
        let state = StateBucket(
            objects: stateObjects, name: base.state.name, metadata: metadata, now: base.now)
        let library = ModelLibrary(state: state, prefix: "")
        context = ServiceContext(
            metadata: metadata, objects: objects, state: state, models: library,
            host: ModelHost(
                library: library, runtime: base.runtime, pool: pools.images,
                bytesMax: bytesMax,
                keepsModels: keepsModels, clock: hostClock),
            registry: registry ?? base.registry, runtime: base.runtime, backbones: base.backbones,
            training: training, arns: base.arns, pageTokens: base.pageTokens,
            pools: pools, temporaryDirectory: base.temporaryDirectory, limits: base.limits,
            reservedBucket: reserved, trainingThreads: 1, now: base.now, logger: base.logger)
    }

    /// Another process at the same stores.
    func sibling(bytesMax: Int = 1 << 30) -> ServiceContext {
        ServiceContext(
            metadata: metadata, objects: objects, state: context.state, models: context.models,
            host: ModelHost(
                library: context.models, runtime: context.runtime, pool: context.pools.images,
                bytesMax: bytesMax),
            registry: context.registry, runtime: context.runtime, backbones: context.backbones,
            arns: context.arns, pageTokens: context.pageTokens, pools: context.pools,
            temporaryDirectory: context.temporaryDirectory, limits: context.limits,
            trainingThreads: 1, now: context.now, logger: context.logger)
    }

    // MARK: Rows

    /// A project with a model that waits for its training.
    func createModel(_ version: Int = 1) async throws {
        if try await !objects.bucketExists("out") { try await objects.createBucket("out") }
        let now = service.clock.now
        try await metadata.write { transaction in
            if try transaction.project("p") == nil {
                try transaction.save(ProjectRecord(name: "p", created: now))
            }
            try transaction.save(
                ModelRecord(
                    project: "p", version: version, created: now, description: nil,
                    output: S3Location(bucket: "out", prefix: nil), kmsKeyID: nil))
        }
    }

    /// A model as trainings of before left it: its row names no files.
    func createOlderModel(_ version: Int = 1, _ status: ModelStatus = .trained) async throws {
        try await createModel(version)
        let model = SmallModel.bytes("older \(version)")
        let manifest = try SmallModel.manifest(
            arn: "arn", project: "p", version: version, model: model)
        let store = stateObjects
        if try await !store.bucketExists("models") { try await store.createBucket("models") }
        for (name, bytes) in [("manifest.json", try manifest.encoded()), ("model.onnx", model)] {
            try await store.put(
                .bytes(bytes), at: ObjectLocation(bucket: "models", key: "p/\(version)/\(name)"))
        }
        try await change(version) { $0.status = status }
    }

    func change(_ version: Int = 1, _ body: @escaping @Sendable (inout ModelRecord) -> Void)
        async throws
    {
        try await metadata.write { transaction in
            guard var model = try transaction.model("p", version) else { return }
            body(&model)
            try transaction.save(model)
        }
    }

    func model(_ version: Int = 1) async throws -> ModelRecord? {
        try await metadata.read { try $0.model("p", version) }
    }

    // MARK: Jobs

    @discardableResult
    func queue(_ subject: JobSubject) async throws -> UUID {
        let job = try subject.record(created: service.clock.now)
        try await metadata.write { try $0.save(job) }
        return job.id
    }

    /// Does the next job, if there is one that can be done.
    @discardableResult
    func work() async throws -> Bool {
        let lane = WorkerLane(kinds: JobSubject.Kind.allCases, places: 1)
        return try await Worker(context: context, id: UUID()).workOnce(on: lane)
    }

    func work(_ subject: JobSubject) async throws {
        try await queue(subject)
        try await work()
    }

    /// Whoever works is taken for dead, and another begins its jobs anew.
    func stealJobs() async throws {
        let now = service.clock.now
        try await metadata.write { transaction in
            for var job in try transaction.runningJobs() {
                job.orphan(now: now)
                _ = job.claim(by: UUID(), now: now)
                try transaction.save(job)
            }
        }
    }

    /// The thief dies too.
    func endLeases() { service.clock.advance(by: Limits.leaseSeconds + 1) }

    // MARK: Objects

    func stateKeys() async throws -> [String] { try await keys("models", stateObjects) }

    func outputKeys() async throws -> [String] { try await keys("out", objects) }

    private func keys(_ bucket: String, _ store: WatchedStore) async throws -> [String] {
        guard try await store.bucketExists(bucket) else { return [] }
        return try await store.list(bucket, prefix: "", after: nil, limit: 100).map(\.key)
    }

    func stagedKeys() async throws -> [String] {
        try await metadata.read {
            try $0.stagedObjects(createdBefore: .distantFuture, limit: 100).map(\.key)
        }
    }
}
