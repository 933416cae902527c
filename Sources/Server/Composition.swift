import Access
import Administration
import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import Service
import ServiceLifecycle
import Storage
import UnixSignals
import Vision
import Wire
import WireAWS

/// The composition root: the parts of a server or a worker, built from its configuration.
struct Composition: Sendable {
    /// Blocking calls at once: the jobs at hand, and detections beside them.
    private static let blockingThreadsMin = 8

    let configuration: ServerConfiguration
    let context: ServiceContext
    let credentials: Credentials
    /// File with the credentials; nil when they came from the environment.
    let credentialsFile: String?
    let registry: any ComponentCatalogue
    /// In place of the embedded registry.
    let greengrass: GreengrassCloud?
    let s3: any S3Backend
    let audit: AuditLog
    /// This process among those that share a database.
    let member = UUID()
    private let directory: DataDirectory
    private let cloud: CloudServices

    init(
        _ configuration: ServerConfiguration, environment: [String: String], logger: Logger
    ) async throws {
        self.configuration = configuration
        let installation = try Installation.find(
            from: Installation.executablePath, runtime: environment["SPOTTER_ONNX_RUNTIME"])
        let runtime = try OnnxRuntime(library: installation.runtimePath)
        directory = try DataDirectory(path: configuration.dataDirectory)
        if configuration.metadata == .embedded { try MovedRows.check(directory.path) }
        let places = configuration.lanes.reduce(0) { $0 + $1.places }
        let pool = NIOThreadPool(
            numberOfThreads: max(Self.blockingThreadsMin, places + Self.blockingThreadsMin / 2))
        pool.start()
        let arns = ARNs(region: configuration.region, account: configuration.accountID)
        audit = AuditLog(
            files: try AuditFiles(
                directory: directory.audit, fileBytesMax: configuration.limits.auditFileBytesMax,
                filesMax: configuration.limits.auditFilesMax,
                isDelivered: configuration.isCluster, logger: logger),
            source: AuditSource(host: AuditSource.hostName, member: member), arns: arns)
        let metadata = try configuration.metadata.open(database: directory.database)
        (credentials, credentialsFile) = try await directory.rootCredentials(
            environment: environment, region: configuration.region,
            sharedThrough: configuration.isCluster ? metadata : nil)
        let cloud = CloudServices(
            environment: environment, region: configuration.region, logger: logger)
        self.cloud = cloud
        let objects: any ObjectStore
        let own = try DirectoryStore(root: directory.models, pool: pool)
        let stateObjects: any ObjectStore
        switch configuration.objectStore {
        case .directory:
            let store = try DirectoryStore(root: directory.buckets, pool: pool)
            (objects, stateObjects) = (store, own)
            s3 = EmbeddedS3(
                store: store, region: configuration.region,
                owner: S3Owner(ID: configuration.accountID, DisplayName: "spotter"))
        case .s3(let endpoint, let region):
            let peer = try cloud.s3(endpoint: endpoint, region: region)
            let all = S3Store(peer: peer, pool: pool)
            objects = configuration.stateBucket.map { UserObjects(all, without: $0) } ?? all
            stateObjects = configuration.isCluster ? all : own
            s3 = S3Forwarder(
                peer: peer, store: objects, hiddenBucket: configuration.stateBucket)
        }
        let now: @Sendable () -> Date = { Date() }
        let state = StateBucket(
            objects: stateObjects,
            name: configuration.stateBucket ?? DataDirectory.modelsBucket, metadata: metadata,
            now: now)
        let library = ModelLibrary(
            state: state, prefix: configuration.isCluster ? ModelLibrary.sharedPrefix : "")
        if configuration.isCluster {
            registry = StoredRegistry(
                metadata: metadata, state: state, objects: objects, arns: arns, pool: pool,
                temporaryDirectory: directory.temporary, now: now)
        } else {
            let own = try DirectoryRegistry(
                root: directory.greengrass, objects: objects, arns: arns, pool: pool, now: now)
            try own.tidy()
            registry = own
        }
        greengrass =
            switch configuration.greengrass {
            case .embedded: nil
            case .aws(let endpoint): try cloud.greengrass(endpoint: endpoint, arns: arns)
            }
        context = ServiceContext(
            metadata: metadata, objects: objects, state: state, models: library,
            host: ModelHost(
                library: library, runtime: runtime, pool: pool,
                bytesMax: configuration.limits.hostedModelBytesMax,
                keepsModels: configuration.answersCalls),
            registry: greengrass ?? registry, runtime: runtime,
            backbones: Backbones(
                standard: try configuration.backbonePath.map {
                    try BackboneSource.backbone(
                        at: $0, annotations: configuration.backboneAnnotations, runtime: runtime)
                } ?? installation.backbone(),
                store: configuration.isCluster
                    ? BackboneBucket(state: state)
                    : BackboneFolder(path: directory.backbones, pool: pool),
                pool: pool), arns: arns,
            pageTokens: PageTokens(key: try await Self.pageTokenKey(metadata)), pool: pool,
            temporaryDirectory: directory.temporary, limits: configuration.limits,
            reservedBucket: configuration.stateBucket,
            trainingThreads: max(1, System.coreCount), now: now, logger: logger)
    }

    /// What tells the others of this process.
    ///
    /// - Parameter version: of the program.
    func membership(_ role: MemberRecord.Role, version: String) -> Membership {
        Membership(
            own: MemberRecord(
                id: member, role: role, host: audit.source.host, version: version,
                kinds: Set(configuration.lanes.flatMap(\.kinds).map(\.rawValue)).sorted(),
                places: configuration.lanes.reduce(0) { $0 + $1.places }, started: context.now()),
            metadata: context.metadata, now: context.now, logger: context.logger)
    }

    /// - Parameter services: the last of them stops first. After all of them the last audit lines
    ///   are delivered, and the others at the database are told of the end.
    func group(
        _ services: [any ServiceLifecycle.Service], _ membership: Membership, signals: [UnixSignal]
    ) -> ServiceGroup {
        var all: [any ServiceLifecycle.Service] = [membership]
        // Elsewhere lines stay in the data directory.
        if configuration.isCluster {
            all.append(
                AuditDelivery(
                    files: audit.files, source: audit.source, bucket: context.state,
                    pool: context.pool, now: context.now, logger: context.logger))
        }
        return ServiceGroup(
            configuration: .init(
                services: (all + services).map { .init(service: $0) },
                gracefulShutdownSignals: signals, logger: context.logger))
    }

    /// Runs the services to their end, and closes what they have used.
    func run(_ group: ServiceGroup) async throws {
        do {
            try await group.run()
        } catch let error as IOError {
            throw AdministrationError(
                "Cannot listen on \(configuration.hostname):\(configuration.port): "
                    + "\(error.description). Choose another --hostname or --port.")
        } catch let error as ServiceGroupError {
            // Its message has the service with everything that it holds.
            throw AdministrationError("\(error.errorCode) The last lines of the log tell more.")
        }
        try await cloud.shutDown()
        try await context.pool.shutdownGracefully()
        try await audit.shutDown()
    }

    private static func pageTokenKey(_ metadata: any MetadataStore) async throws -> Data {
        var random = SystemRandomNumberGenerator()
        let fresh = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
        return try await metadata.write {
            try $0.setting(DataDirectory.pageTokenSetting, orElse: fresh)
        }
    }
}
