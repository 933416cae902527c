import Base
package import Service
import Storage

/// A version of the agent, to be registered as a component where servers find it. They may be
/// running.
package struct EdgeAgentRelease: Sendable {
    /// Folder that `make edge-agent` made.
    package var bundle: String
    /// `amd64` or `aarch64`.
    package var architecture: String
    /// Name of the component.
    package var name: String
    /// `MAJOR.MINOR.PATCH`.
    package var version: String
    /// Bucket of users for the archive; made when it is missing.
    package var bucket: String

    /// Checks nothing; `publish` refuses what the registry does not take.
    package init(
        bundle: String, architecture: String, name: String, version: String, bucket: String
    ) {
        self.bundle = bundle
        self.architecture = architecture
        self.name = name
        self.version = version
        self.bucket = bucket
    }

    /// - Parameter stores: those of the servers, which may be running.
    /// - Returns: the version as the registry has it, also when it had the same already.
    /// - Throws: `AdministrationError` when there is no data directory or no key for the other S3,
    ///   and for a bundle or version that the registry does not take; `StorageError`.
    package func publish(_ stores: Stores) async throws -> RegisteredComponent {
        let (path, isCluster) = (stores.configuration.dataDirectory, stores.configuration.isCluster)
        guard isCluster || FileStatus(path: path) != nil else {
            throw AdministrationError(
                "There is no data directory \(path). Start 'spotter serve' once, or give "
                    + "--data-directory, or --state-bucket if the servers have one.")
        }
        let publisher = EdgeAgentPublisher(
            objects: try stores.objects(), registry: try stores.components(), pool: stores.pool,
            temporaryDirectory: stores.temporaryDirectory)
        do {
            return try await publisher.publish(
                bundle: bundle, architecture: architecture, name: name, version: version,
                bucket: bucket)
        } catch let error as ComponentError {
            throw AdministrationError(error.message)
        }
    }
}
