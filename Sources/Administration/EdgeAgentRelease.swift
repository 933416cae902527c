import Access
import FoundationEssentials
package import Logging
import NIOPosix
package import Service
import Storage

/// Registers the agent as a component where a server of some configuration finds it, beside that
/// server or without one.
package struct EdgeAgentRelease: Sendable {
    /// Copying, hashing and packing of one release; nothing else waits for it.
    private static let threads = 2

    /// Folder that `make edge-agent` made.
    package var bundle: String
    /// `amd64` or `aarch64`.
    package var architecture: String
    package var name: String
    package var version: String
    /// For the archive; made when it is missing.
    package var bucket: String

    package init(
        bundle: String, architecture: String, name: String, version: String, bucket: String
    ) {
        self.bundle = bundle
        self.architecture = architecture
        self.name = name
        self.version = version
        self.bucket = bucket
    }

    /// - Parameters:
    ///   - configuration: what the server was started with.
    ///   - environment: AWS' variables are read, for another S3.
    ///   - temporaryDirectory: for the archive on its way.
    /// - Throws: `AdministrationError` when there is no data directory or no key for the other S3,
    ///   `ComponentError` as `EdgeAgentPublisher`, `StorageError`.
    package func publish(
        _ configuration: ServerConfiguration, environment: [String: String],
        temporaryDirectory: String, logger: Logger
    ) async throws -> RegisteredComponent {
        let pool = NIOThreadPool(numberOfThreads: Self.threads)
        pool.start()
        let cloud = CloudServices(
            environment: environment, region: configuration.region, logger: logger)
        let outcome: Result<RegisteredComponent, any Error>
        do {
            let all = try objects(configuration, cloud, pool)
            let objects = configuration.stateBucket.map { UserObjects(all, without: $0) } ?? all
            let publisher = EdgeAgentPublisher(
                objects: objects,
                registry: try registry(
                    configuration, objects, stateObjects: all, pool, temporaryDirectory),
                pool: pool, temporaryDirectory: temporaryDirectory)
            outcome = .success(
                try await publisher.publish(
                    bundle: bundle, architecture: architecture, name: name, version: version,
                    bucket: bucket))
        } catch {
            outcome = .failure(error)
        }
        try await cloud.shutDown()
        try await pool.shutdownGracefully()
        return try outcome.get()
    }

    private func objects(
        _ configuration: ServerConfiguration, _ cloud: CloudServices, _ pool: NIOThreadPool
    ) throws -> any ObjectStore {
        let path = configuration.dataDirectory
        guard configuration.isCluster || FileManager.default.fileExists(atPath: path) else {
            throw AdministrationError(
                "There is no data directory \(path). Start 'spotter serve' once, or give "
                    + "--data-directory, or --state-bucket if the servers have one.")
        }
        return switch configuration.objectStore {
        case .directory: try DirectoryStore(root: DataDirectory.buckets(path), pool: pool)
        case .s3(let endpoint, let region):
            S3Store(peer: try cloud.s3(endpoint: endpoint, region: region), pool: pool)
        }
    }

    private func registry(
        _ configuration: ServerConfiguration, _ objects: any ObjectStore,
        stateObjects: any ObjectStore, _ pool: NIOThreadPool, _ temporaryDirectory: String
    ) throws -> any ComponentCatalogue {
        let arns = ARNs(region: configuration.region, account: configuration.accountID)
        let path = configuration.dataDirectory
        guard let bucket = configuration.stateBucket else {
            return try DirectoryRegistry(
                root: DataDirectory.greengrass(path), objects: objects, arns: arns, pool: pool)
        }
        let metadata = try DataDirectory.metadata(beside: path, configuration.metadata)
        let now: @Sendable () -> Date = { Date() }
        return StoredRegistry(
            metadata: metadata,
            state: StateBucket(objects: stateObjects, name: bucket, metadata: metadata, now: now),
            objects: objects, arns: arns, pool: pool, temporaryDirectory: temporaryDirectory,
            now: now)
    }
}
