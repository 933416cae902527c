package import Access
package import Administration
import Base
import Hummingbird
package import Logging
import NIOCore
import NIOPosix
import Service
package import ServiceLifecycle
import Storage
package import UnixSignals
import Wire

/// Answers requests, and does jobs beside that unless workers are to do them.
package struct SpotterServer: Sendable {
    private static let idleConnectionSeconds: Int64 = 120

    package var credentials: Credentials { parts.credentials }
    /// File with the credentials; nil when they came from the environment.
    package var credentialsFile: String? { parts.credentialsFile }
    private let parts: Composition

    /// Opens the stores and loads the runtime; nothing listens yet.
    ///
    /// - Parameter environment: `SPOTTER_ACCESS_KEY_ID`, `SPOTTER_SECRET_ACCESS_KEY` and
    ///   `SPOTTER_ONNX_RUNTIME` are read, and AWS' variables for other services.
    package init(
        configuration: ServerConfiguration, environment: [String: String], logger: Logger
    ) async throws {
        parts = try await Composition(configuration, environment: environment, logger: logger)
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
        try await parts.run(group)
    }

    /// The parts to run together; for callers that stop them themselves.
    package func serviceGroup(
        signals: [UnixSignal], onReady: @escaping @Sendable (Int) async -> Void
    ) async throws -> ServiceGroup {
        let (configuration, context) = (parts.configuration, parts.context)
        // With others at the same database, a dead worker's jobs wait until their leases end.
        if configuration.metadata.isOneServersOwn { try await Worker.adoptOrphans(context) }
        func authenticator(_ service: AWSService) -> Authenticator {
            Authenticator(
                root: parts.credentials, region: configuration.region, services: [service.rawValue],
                arns: context.arns, metadata: context.metadata)
        }
        let requests = RequestCounts()
        let membership = parts.membership(.server, version: SpotterVersion.current)
        let rates = RequestRates(
            perSecond: configuration.limits.requestsPerSecond, membership: membership)
        let application = Application(
            responder: FrontDoor(
                service: context,
                endpoints: [
                    .lookoutvision: APIEndpoint(
                        service: context, authenticator: authenticator(.lookoutvision),
                        rates: rates),
                    .s3: S3Endpoint(
                        backend: parts.s3, authenticator: authenticator(.s3),
                        region: configuration.region,
                        account: configuration.accountID,
                        reserved: configuration.stateBucket.map { ReservedBucket(name: $0) },
                        pool: context.pool, now: context.now),
                    .greengrass: GreengrassEndpoint(
                        registry: parts.registry, upstream: parts.greengrass?.client,
                        authenticator: authenticator(.greengrass), arns: context.arns,
                        pageTokens: context.pageTokens, now: context.now),
                    .sts: STSEndpoint(
                        authenticator: authenticator(.sts), arns: context.arns, now: context.now),
                ],
                status: StatusPages(
                    service: context, requests: requests, membership: membership, rates: rates,
                    metricsAccess: configuration.metricsAccess, version: SpotterVersion.current),
                requests: requests, audit: parts.audit),
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
            logger: context.logger)
        var services: [any ServiceLifecycle.Service] = [
            Caretaker(context: context), HostingWatch(context: context),
        ]
        if !configuration.lanes.isEmpty {
            services.append(
                Worker(context: context, lanes: configuration.lanes, id: parts.member))
        }
        // The last to start is the first to stop: no request comes to parts that have ended.
        services.append(application)
        return parts.group(services, membership, signals: signals)
    }
}
