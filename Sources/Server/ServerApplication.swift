import Access
import Administration
import Cloud
import Console
import Hummingbird
import Service
import Storage

/// A server's HTTP application: the four services and the status pages behind one port.
///
/// It owns nothing and starts nothing: stores, registry, audit log and membership are made and
/// closed by its caller, which is `SpotterServer` for a process and a fixture for the tests. Tests
/// send requests to `application()` without a socket.
struct ServerApplication: Sendable {
    /// Its `now` is what signatures, expiry and throttling are measured by.
    let context: ServiceContext
    /// The root key, which may do everything.
    let credentials: Credentials
    let s3: any S3Backend
    let registry: any ComponentCatalogue
    /// The Greengrass that takes the registry's place; nil when the registry is embedded.
    var greengrass: SignedClient?
    let audit: AuditLog
    /// Shares out the bound on requests per second; lists servers and workers for the metrics.
    let membership: Membership
    let metricsAccess: MetricsAccess
    let version: String
    /// What the disk of the data directory has left; nil where the system does not say.
    let freeBytes: @Sendable () -> Int?
    /// nil where the console's files are not there.
    var consoleFiles: ConsoleFiles?
    /// The folder beside the program with the agent's files for `amd64` or `aarch64`; nil where
    /// there is none.
    var agentBundle: @Sendable (_ architecture: String) -> String? = { _ in nil }
    /// The memory for bodies that nobody has vouched for yet.
    let bodies = UnverifiedBodies()

    /// What answers a request, from the choice of its service to its audit line.
    func frontDoor() -> FrontDoor {
        let requests = RequestCounts()
        let rates = RequestRates(
            perSecond: context.limits.requestsPerSecond, membership: membership)
        let console = consoleFiles.map {
            ConsoleEndpoint(
                console: Console(
                    context: context, files: $0, root: credentials, installation: installation),
                requests: requests, audit: audit, bodies: bodies, now: context.now)
        }
        return FrontDoor(
            service: context,
            endpoints: [
                .lookoutvision: APIEndpoint(
                    service: context, authenticator: authenticator(.lookoutvision), rates: rates),
                .s3: S3Endpoint(
                    backend: s3, authenticator: authenticator(.s3), region: context.arns.region,
                    account: context.arns.account,
                    reserved: context.reservedBucket.map { ReservedBucket(name: $0) },
                    pool: context.pools.files, now: context.now),
                .greengrass: GreengrassEndpoint(
                    registry: registry, upstream: greengrass,
                    authenticator: authenticator(.greengrass), arns: context.arns,
                    pageTokens: context.pageTokens,
                    linkKey: Credentials(
                        accessKeyID: "SPTRARTIFACTLINKS",
                        secretAccessKey: context.pageTokens.secret(for: "artifact links")),
                    now: context.now),
                .sts: STSEndpoint(
                    authenticator: authenticator(.sts), arns: context.arns, now: context.now),
            ],
            status: StatusPages(
                service: context, requests: requests, membership: membership, rates: rates,
                metricsAccess: metricsAccess, version: version, freeBytes: freeBytes),
            requests: requests, audit: audit, console: console)
    }

    /// The front door behind a server that listens once the application runs.
    ///
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - connections: get those that are opened.
    ///   - certificate: nil without TLS.
    ///   - onReady: gets the port once requests are taken.
    func application(
        hostname: String, port: Int, connections: Connections,
        certificate: CertificateHolder? = nil,
        onReady: @escaping @Sendable (Int) async -> Void
    ) -> Application<FrontDoor> {
        let limits = context.limits
        return Application(
            bounded: frontDoor(), connections, certificate: certificate,
            bodyBytesMax: { head in
                FrontDoor.service(of: head) == .s3
                    ? S3Limits.putBytesMax : max(Limits.jsonBodyBytesMax, limits.imageBytesMax)
            }, asksLater: { FrontDoor.service(of: $0) == .s3 }, hostname: hostname, port: port,
            onReady: onReady, logger: context.logger)
    }

    /// What the console shows of this server and its installation.
    private var installation: ConsoleInstallation {
        let place: AuditSearch.Place =
            context.reservedBucket == nil
            ? .directory(audit.files.directory)
            : .bucket(context.state.objects, name: context.state.name)
        return ConsoleInstallation(
            membership: membership, audit: AuditSearch(place, pool: context.pools.files),
            freeBytes: freeBytes, version: version, agentBundle: agentBundle)
    }

    private func authenticator(_ service: AWSService) -> Authenticator {
        Authenticator(
            root: credentials, region: context.arns.region, services: [service.rawValue],
            arns: context.arns, metadata: context.metadata, bodies: bodies)
    }
}
