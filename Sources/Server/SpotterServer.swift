package import Access
import FoundationEssentials
import Hummingbird
package import Logging
import NIOCore
import NIOPosix
package import Service
package import ServiceLifecycle
import Storage
package import UnixSignals
package import Vision
import Wire

/// What a server needs to know.
package struct ServerConfiguration: Sendable {
    package var dataDirectory: String
    package var hostname: String
    /// 0 takes a free one.
    package var port: Int
    package var region: String
    package var accountID: String
    package var limits = AdjustableLimits()
    package var metricsAccess = MetricsAccess.local
    package var metadata = MetadataChoice.embedded
    package var objectStore = ObjectStoreChoice.directory
    package var greengrass = GreengrassChoice.embedded
    /// ONNX file that takes the place of the backbone that comes with Spotter.
    package var backbonePath: String?
    /// In place of those in the backbone's file.
    package var backboneAnnotations = BackboneAnnotations()

    package init(
        dataDirectory: String, hostname: String, port: Int, region: String, accountID: String
    ) {
        self.dataDirectory = dataDirectory
        self.hostname = hostname
        self.port = port
        self.region = region
        self.accountID = accountID
    }
}

/// Where the objects of users lie.
package enum ObjectStoreChoice: Sendable, Equatable {
    /// In the data directory.
    case directory
    /// In another S3; AWS' own for no endpoint, the region of the environment or the server's own
    /// for no region.
    case s3(endpoint: String?, region: String?)
}

/// Where packaging jobs register their components.
package enum GreengrassChoice: Sendable, Equatable {
    /// In the data directory.
    case embedded
    /// In the real one, in the server's own region and account; AWS' own for no endpoint.
    case aws(endpoint: String?)
}

/// Who may read the metrics: they name projects, and need no signature.
package enum MetricsAccess: String, Sendable, CaseIterable {
    case everyone
    case local
    case nobody
}

/// The composition root: builds every part and runs them until told to stop.
package struct SpotterServer: Sendable {
    package static let version = "0.1.0"
    /// Blocking calls at once: two lanes of jobs, and detections beside them.
    private static let blockingThreads = 8
    private static let idleConnectionSeconds: Int64 = 120

    package let credentials: Credentials
    /// File with the credentials; nil when they came from the environment.
    package let credentialsFile: String?
    private let configuration: ServerConfiguration
    private let directory: DataDirectory
    private let pool: NIOThreadPool
    private let context: ServiceContext
    private let registry: DirectoryRegistry
    /// In place of the embedded registry.
    private let greengrass: GreengrassCloud?
    private let s3: any S3Backend
    private let cloud: CloudServices
    private let audit: AuditLog
    private let logger: Logger

    /// Opens the stores and loads the runtime; nothing listens yet.
    ///
    /// - Parameter environment: `SPOTTER_ACCESS_KEY_ID`, `SPOTTER_SECRET_ACCESS_KEY` and
    ///   `SPOTTER_ONNX_RUNTIME` are read.
    package init(
        configuration: ServerConfiguration, environment: [String: String], logger: Logger
    ) async throws {
        self.configuration = configuration
        self.logger = logger
        let installation = try Installation.find(
            from: Installation.executablePath, runtime: environment["SPOTTER_ONNX_RUNTIME"])
        let runtime = try OnnxRuntime(library: installation.runtimePath)
        directory = try DataDirectory(path: configuration.dataDirectory)
        (credentials, credentialsFile) = try directory.rootCredentials(
            accessKeyID: environment["SPOTTER_ACCESS_KEY_ID"],
            secretAccessKey: environment["SPOTTER_SECRET_ACCESS_KEY"], region: configuration.region)
        pool = NIOThreadPool(numberOfThreads: Self.blockingThreads)
        pool.start()
        let arns = ARNs(region: configuration.region, account: configuration.accountID)
        audit = try AuditLog(
            directory: directory.audit, limits: configuration.limits, arns: arns)
        let metadata = try configuration.metadata.open(database: directory.database)
        let cloud = CloudServices(
            environment: environment, region: configuration.region, logger: logger)
        self.cloud = cloud
        let objects: any ObjectStore
        switch configuration.objectStore {
        case .directory:
            let store = try DirectoryStore(root: directory.buckets, pool: pool)
            objects = store
            s3 = EmbeddedS3(
                store: store, region: configuration.region,
                owner: S3Owner(ID: configuration.accountID, DisplayName: "spotter"))
        case .s3(let endpoint, let region):
            let peer = try cloud.s3(endpoint: endpoint, region: region)
            objects = S3Store(peer: peer, pool: pool)
            s3 = S3Forwarder(peer: peer, store: objects)
        }
        let library = ModelLibrary(
            objects: try DirectoryStore(root: directory.models, pool: pool),
            bucket: DataDirectory.modelsBucket)
        registry = try DirectoryRegistry(
            root: directory.greengrass, objects: objects, arns: arns, pool: pool)
        try registry.tidy()
        greengrass =
            switch configuration.greengrass {
            case .embedded: nil
            case .aws(let endpoint): try cloud.greengrass(endpoint: endpoint, arns: arns)
            }
        context = ServiceContext(
            metadata: metadata, objects: objects, models: library,
            host: ModelHost(library: library, runtime: runtime, pool: pool),
            registry: greengrass ?? registry, runtime: runtime,
            backbones: Backbones(
                standard: try configuration.backbonePath.map {
                    try BackboneFolder.backbone(
                        at: $0, annotations: configuration.backboneAnnotations, runtime: runtime)
                } ?? installation.backbone(),
                folder: BackboneFolder(path: directory.backbones), pool: pool), arns: arns,
            pageTokens: PageTokens(key: try await Self.pageTokenKey(metadata)), pool: pool,
            temporaryDirectory: directory.temporary, limits: configuration.limits,
            trainingThreads: max(1, System.coreCount), logger: logger)
    }

    private static func pageTokenKey(_ metadata: any MetadataStore) async throws -> Data {
        let name = "page-token-key"
        var random = SystemRandomNumberGenerator()
        let fresh = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
        return try await metadata.write { transaction in
            if let known = try transaction.setting(name) { return known }
            try transaction.saveSetting(name, fresh)
            return fresh
        }
    }

    /// Serves until the task is cancelled or a signal arrives.
    ///
    /// - Parameters:
    ///   - signals: those that stop the server in order.
    ///   - onReady: told the port once requests are taken.
    package func run(
        gracefulShutdownSignals signals: [UnixSignal] = [],
        onReady: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let group = try await serviceGroup(signals: signals, onReady: onReady)
        do {
            try await group.run()
        } catch let error as IOError {
            throw ServerError(
                "Cannot listen on \(configuration.hostname):\(configuration.port): "
                    + "\(error.description). Choose another --hostname or --port.")
        }
        try await cloud.shutDown()
        try await pool.shutdownGracefully()
        try await audit.shutDown()
    }

    /// The parts to run together; for callers that stop them themselves.
    package func serviceGroup(
        signals: [UnixSignal], onReady: @escaping @Sendable (Int) async -> Void
    ) async throws -> ServiceGroup {
        // With others at the same database, a dead worker's jobs wait until their leases end.
        if configuration.metadata.isOneServersOwn { try await Worker.adoptOrphans(context) }
        func authenticator(_ service: AWSService) -> Authenticator {
            Authenticator(
                root: credentials, region: configuration.region, services: [service.rawValue],
                arns: context.arns, metadata: context.metadata)
        }
        let application = Application(
            responder: FrontDoor(
                service: context,
                endpoints: [
                    .lookoutvision: APIEndpoint(
                        service: context, authenticator: authenticator(.lookoutvision),
                        rates: RequestRates(perSecond: configuration.limits.requestsPerSecond)),
                    .s3: S3Endpoint(
                        backend: s3, authenticator: authenticator(.s3),
                        region: configuration.region,
                        account: configuration.accountID, pool: pool, now: context.now),
                    .greengrass: GreengrassEndpoint(
                        registry: registry, upstream: greengrass?.client,
                        authenticator: authenticator(.greengrass), arns: context.arns,
                        pageTokens: context.pageTokens, now: context.now),
                    .sts: STSEndpoint(
                        authenticator: authenticator(.sts), arns: context.arns, now: context.now),
                ],
                requests: RequestCounts(), audit: audit,
                metricsAccess: configuration.metricsAccess, version: Self.version),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        UnreadBodyHandler { [limits = configuration.limits] head in
                            FrontDoor.service(of: head) == .s3
                                ? S3Limits.putBytesMax
                                : max(Limits.jsonBodyBytesMax, limits.imageBytesMax)
                        }
                    ], idleTimeout: .seconds(Self.idleConnectionSeconds))),
            configuration: .init(
                address: .hostname(configuration.hostname, port: configuration.port),
                serverName: "Spotter"),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
            logger: logger)
        return ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Worker(context: context)), .init(service: application),
                ],
                gracefulShutdownSignals: signals, logger: logger))
    }
}
