package import FoundationEssentials
package import Logging
import NIOPosix
import Service
import Storage

/// The audit lines of a server, or of all that share a state bucket, for a command beside them.
package struct AuditTrail: Sendable {
    private let configuration: ServerConfiguration
    private let reader: AuditReader

    /// - Parameters:
    ///   - configuration: says where the servers keep everything.
    ///   - since: when the first call that is wanted was made, to the second.
    ///   - until: before that time the last one was made.
    package init(configuration: ServerConfiguration, since: Date?, until: Date?) {
        self.configuration = configuration
        reader = AuditReader(since: since, until: until)
    }

    /// Hands out the lines in the order of time.
    ///
    /// - Parameters:
    ///   - environment: AWS' variables are read where lines lie in a bucket.
    ///   - emit: told each line, with its newline.
    /// - Throws: `AdministrationError` when there is no data directory, `StorageError` when the bucket
    ///   cannot be read.
    package func read(
        environment: [String: String], logger: Logger, _ emit: (Data) throws -> Void
    ) async throws {
        guard let bucket = configuration.stateBucket,
            case .s3(let endpoint, let region) = configuration.objectStore
        else {
            let folder = DataDirectory.audit(configuration.dataDirectory)
            guard FileManager.default.fileExists(atPath: folder) else {
                throw AdministrationError(
                    "\(configuration.dataDirectory) has no audit log. Give the folder that "
                        + "'spotter serve' was started with as --data-directory, or its "
                        + "--state-bucket if it had one.")
            }
            return try reader.read(directory: folder, emit)
        }
        let cloud = CloudServices(
            environment: environment, region: configuration.region, logger: logger)
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        do {
            let peer = try cloud.s3(endpoint: endpoint, region: region)
            try await reader.read(S3Store(peer: peer, pool: pool), bucket: bucket, emit)
        } catch {
            try await cloud.shutDown()
            try await pool.shutdownGracefully()
            throw error
        }
        try await cloud.shutDown()
        try await pool.shutdownGracefully()
    }
}
