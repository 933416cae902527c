package import Access
package import Cloud
import FoundationEssentials
package import Logging
import NIOPosix
package import Service
import Storage
import Wire

/// The services outside that take the place of embedded ones, and their connections.
package struct CloudServices: Sendable {
    private let connections: HTTPConnections
    private let chain: CredentialsChain
    /// The server's own region.
    private let region: String
    private let logger: Logger

    /// - Parameters:
    ///   - environment: AWS' variables are read, as SDKs read them.
    ///   - region: the server's own.
    /// - Throws: `AdministrationError` for a file of authorities that has none.
    package init(environment: [String: String], region: String, logger: Logger) throws {
        chain = CredentialsChain(environment: environment)
        do {
            connections = HTTPConnections(trust: try chain.trust())
        } catch {
            throw AdministrationError(error.message)
        }
        self.region = region
        self.logger = logger
    }

    /// Ends all connections; calls of clients made here fail from then on.
    ///
    /// - Throws: the first error of a connection.
    package func shutDown() async throws { try await connections.shutDown() }

    /// A client of another S3.
    ///
    /// - Parameters:
    ///   - endpoint: its address; nil for Amazon's.
    ///   - region: nil for that of the environment or the profile, else the server's own.
    ///   - policy: how calls are repeated.
    /// - Throws: `AdministrationError` when there are no credentials, or `endpoint` is not an
    ///   address.
    package func s3(
        endpoint: String?, region: String?, policy: RetryPolicy = RetryPolicy()
    ) throws -> S3Peer {
        do {
            return S3Peer(
                connections: connections, endpoint: try endpoint.map { try CloudEndpoint(url: $0) },
                region: region ?? chain.region() ?? self.region,
                credentials: try chain.credentials(), policy: policy, logger: logger)
        } catch let error as CloudError {
            throw AdministrationError("--object-store s3: \(error.message)")
        }
    }

    /// A client of another Greengrass.
    ///
    /// - Parameter endpoint: its address; nil for Amazon's.
    /// - Throws: `AdministrationError` when there are no credentials, or `endpoint` is not an
    ///   address.
    package func greengrass(endpoint: String?, arns: ARNs) throws -> GreengrassCloud {
        do {
            return GreengrassCloud(
                connections: connections, endpoint: try endpoint.map { try CloudEndpoint(url: $0) },
                arns: arns, credentials: try chain.credentials(), logger: logger)
        } catch let error as CloudError {
            throw AdministrationError("--greengrass aws: \(error.message)")
        }
    }
}
