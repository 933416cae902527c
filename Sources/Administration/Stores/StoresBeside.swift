import FoundationEssentials
import Logging
import NIOPosix
import Service
import Storage

/// The rows of servers that may be running, and the state bucket if they share one, for commands
/// beside them.
struct StoresBeside: Sendable {
    let metadata: any MetadataStore
    let dataDirectory: String
    private let configuration: ServerConfiguration
    private let environment: [String: String]
    private let logger: Logger

    /// - Parameters:
    ///   - configuration: what the servers were started with.
    ///   - environment: AWS' variables are read where there is a state bucket.
    /// - Throws: `AdministrationError` when there is no data directory and no other database.
    init(
        _ configuration: ServerConfiguration, environment: [String: String], logger: Logger
    ) throws {
        metadata = try DataDirectory.metadata(
            beside: configuration.dataDirectory, configuration.metadata)
        dataDirectory = configuration.dataDirectory
        self.configuration = configuration
        self.environment = environment
        self.logger = logger
    }

    /// - Parameter body: given nil where the state is in the data directory, as files that a server
    ///   may be using.
    /// - Throws: `AdministrationError` when there is no key for the other S3, and what `body` throws.
    func withState<Value: Sendable>(_ body: (StateBucket?) async throws -> Value) async throws
        -> Value
    {
        guard let name = configuration.stateBucket,
            case .s3(let endpoint, let region) = configuration.objectStore
        else { return try await body(nil) }
        let cloud = CloudServices(
            environment: environment, region: configuration.region, logger: logger)
        let outcome: Result<Value, any Error>
        do {
            let peer = try cloud.s3(endpoint: endpoint, region: region)
            outcome = .success(
                try await body(
                    StateBucket(
                        objects: S3Store(peer: peer, pool: .singleton), name: name,
                        metadata: metadata, now: { Date() })))
        } catch {
            outcome = .failure(error)
        }
        try await cloud.shutDown()
        return try outcome.get()
    }
}
