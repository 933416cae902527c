import Access
import Administration
import Base
import FoundationEssentials
import Glibc
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
    /// Threads of each kind of blocking work, at least: files, and images beside them.
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
    /// The certificate of TLS; nil without TLS.
    let certificate: CertificateHolder?
    /// This process among those that share a database.
    let member = UUID.random()
    private let stores: Stores
    private let pools: WorkPools

    /// Opens the stores and loads the runtime.
    ///
    /// - Throws: `AdministrationError` when something is missing, the certificate cannot be used or
    ///   the data directory is in use,
    ///   `StorageError` when a store cannot be opened, `VisionError` when the backbone or the
    ///   runtime cannot be used. All stores are closed then.
    init(
        _ configuration: ServerConfiguration, environment: [String: String], logger: Logger
    ) async throws {
        // First of all: nothing was opened yet that would have to be closed for a wrong pair.
        let certificate = try configuration.tls.map {
            try CertificateHolder($0, now: Date(), logger: logger)
        }
        HeapMemory.bound()
        let installation = try Installation.find(environment: environment)
        let runtime = try OnnxRuntime(library: installation.runtimePath)
        let backbone = try installation.backbone(configuration.backbone, runtime: runtime)
        let stores = try Stores.holding(
            configuration.stores, environment: environment, threads: Self.blockingThreadsMin,
            logger: logger)
        do {
            try await self.init(
                configuration, stores, runtime, backbone, certificate, environment: environment,
                logger: logger)
        } catch {
            try? await stores.close()
            throw error
        }
    }

    private init(
        _ configuration: ServerConfiguration, _ stores: Stores, _ runtime: OnnxRuntime,
        _ backbone: any FeatureExtractor, _ certificate: CertificateHolder?,
        environment: [String: String], logger: Logger
    ) async throws {
        let directory = try stores.held()
        self.configuration = configuration
        self.stores = stores
        self.certificate = certificate
        let isCluster = configuration.stores.isCluster
        let arns = configuration.stores.arns
        audit = AuditLog(
            files: try AuditFiles(
                directory: directory.audit, fileBytesMax: configuration.limits.auditFileBytesMax,
                filesMax: configuration.limits.auditFilesMax, isDelivered: isCluster,
                logger: logger),
            unverified: try AuditFiles.unverified(
                directory: directory.audit, limits: configuration.limits, logger: logger),
            source: AuditSource(host: AuditSource.hostName, member: member), arns: arns)
        let metadata = try stores.metadata()
        (credentials, credentialsFile) = try await directory.rootCredentials(
            environment: environment, region: configuration.stores.region,
            sharedThrough: isCluster ? metadata : nil)
        s3 = try Self.backend(stores)
        registry = try stores.components()
        if !isCluster { try stores.embeddedComponents().tidy() }
        greengrass =
            switch configuration.greengrass {
            case .embedded: nil
            case .aws(let endpoint): try stores.cloud().greengrass(endpoint: endpoint, arns: arns)
            }
        if let credentialsFile, let mode = FileStatus(path: credentialsFile)?.mode,
            mode & 0o077 != 0
        {
            logger.warning(
                "Other users of this machine can read the root key. Run: chmod 600 FILE",
                metadata: ["file": "\(credentialsFile)"])
        }
        let (pool, models, now) = (stores.pool, try stores.models(), stores.now)
        let (objects, state, stored) = (
            try stores.objects(), try stores.state(), try stores.backbones()
        )
        let key = try await Self.pageTokenKey(metadata)
        // Nothing fails from here on, so that whoever has this value ends the threads.
        let places = configuration.lanes.reduce(0) { $0 + $1.places }
        pools = WorkPools(
            files: pool,
            images: NIOThreadPool(
                numberOfThreads: max(Self.blockingThreadsMin, System.coreCount)),
            jobs: NIOThreadPool(numberOfThreads: places + Self.blockingThreadsMin / 2))
        for each in [pools.images, pools.jobs] { each.start() }
        context = ServiceContext(
            metadata: metadata, objects: objects, state: state,
            models: models,
            host: ModelHost(
                library: models, runtime: runtime, pool: pools.images,
                bytesMax: configuration.limits.hostedModelBytesMax,
                keepsModels: configuration.answersCalls),
            registry: greengrass ?? registry, runtime: runtime,
            backbones: Backbones(standard: backbone, store: stored, pool: pool),
            arns: arns, pageTokens: PageTokens(key: key),
            pools: pools, temporaryDirectory: stores.temporaryDirectory,
            limits: configuration.limits, reservedBucket: configuration.stores.stateBucket,
            trainingThreads: max(1, System.coreCount), now: now, logger: logger)
    }

    private static func backend(_ stores: Stores) throws -> any S3Backend {
        let configuration = stores.configuration
        return switch try stores.buckets() {
        case .directory(let store):
            EmbeddedS3(
                store: store, region: configuration.region,
                owner: S3Owner(ID: configuration.accountID, DisplayName: "spotter"))
        case .s3(let peer, _):
            S3Forwarder(
                peer: peer, store: try stores.objects(), hiddenBucket: configuration.stateBucket)
        }
    }

    func watch(_ certificate: CertificateHolder) -> CertificateWatch {
        CertificateWatch(holder: certificate, pool: context.pools.files, now: context.now)
    }

    /// What the disk of the data directory has left; nil where the system does not say.
    var freeBytes: @Sendable () -> Int? {
        { [path = stores.temporaryDirectory] in DiskSpace.freeBytes(path) }
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
        var all: [any ServiceLifecycle.Service] = [
            membership, HeapCare(pool: context.pools.files, logger: context.logger),
            DiskWatch(
                reserve: DiskReserve(
                    path: "\(configuration.stores.dataDirectory)/reserve", freeBytes: freeBytes),
                pool: context.pools.files, logger: context.logger),
        ]
        // Elsewhere lines stay in the data directory.
        if configuration.stores.isCluster {
            all.append(
                AuditDelivery(
                    files: audit.files, source: audit.source, bucket: context.state,
                    pool: context.pools.files, now: context.now, logger: context.logger))
        }
        return ServiceGroup(
            configuration: .init(
                services: (all + services).map { .init(service: $0) },
                gracefulShutdownSignals: signals, logger: context.logger))
    }

    /// Runs the services to their end, and closes what they have used whatever comes of it.
    ///
    /// - Throws: `AdministrationError` when the port is taken or a service ended.
    func run(_ group: ServiceGroup) async throws {
        do {
            try await group.run()
        } catch {
            try? await close()
            throw translated(error)
        }
        try await close()
    }

    /// Ends the audit log's thread also when a store cannot be closed.
    private func close() async throws {
        for pool in [pools.images, pools.jobs] { try? await pool.shutdownGracefully() }
        do {
            try await stores.close()
        } catch {
            try? await audit.shutDown()
            throw error
        }
        try await audit.shutDown()
    }

    /// Why nothing can listen there, and what would be right.
    private static func reason(_ error: CInt) -> String {
        switch error {
        case EADDRINUSE:
            "another program listens there already. Stop it, or choose another --port."
        case EACCES:
            "this user may not use the port; those below 1024 are root's. Choose another --port."
        case EADDRNOTAVAIL:
            "this machine does not have the address. Choose another --hostname."
        default: "\(String(cString: strerror(error))). Choose another --hostname or --port."
        }
    }

    private func translated(_ error: any Error) -> any Error {
        switch error {
        case let error as IOError:
            AdministrationError(
                "Cannot listen on \(configuration.hostname):\(configuration.port): "
                    + Self.reason(error.errnoCode))
        case is SocketAddressError:
            AdministrationError(
                "Cannot listen on \(configuration.hostname):\(configuration.port): no address is "
                    + "known for this name. Choose another --hostname.")
        // Its message has the service with everything that it holds.
        case let error as ServiceGroupError:
            AdministrationError("\(error.errorCode) The last lines of the log tell more.")
        default: error
        }
    }

    private static func pageTokenKey(_ metadata: any MetadataStore) async throws -> Data {
        var random = SystemRandomNumberGenerator()
        let fresh = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
        return try await metadata.write {
            try $0.setting(DataDirectory.pageTokenSetting, orElse: fresh)
        }
    }
}
