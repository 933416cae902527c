package import Access
import Administration
import Base
import Console
import Hummingbird
package import Logging
import NIOCore
import NIOPosix
import Service
package import ServiceLifecycle
import Storage
package import UnixSignals
import Vision
import Wire

/// Answers requests, and does jobs beside that unless workers are to do them.
package struct SpotterServer: Sendable {
    /// The root key, which may do everything: from the environment, the data directory's file, or
    /// the database of a cluster.
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

    /// A link with which somebody signs in to the console as the owner of the root key, once and
    /// within 15 minutes: path and query. nil where the console's files are not there.
    package func consoleLink() async throws -> String? {
        guard Installation.consoleFolder() != nil else { return nil }
        return try await ConsoleLink.make(nil, in: parts.context.metadata, now: parts.context.now())
    }

    /// Serves until the task is cancelled or a signal arrives.
    ///
    /// - Parameters:
    ///   - signals: those that stop the server in order.
    ///   - onReady: gets the port once requests are taken.
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
        let stores = configuration.stores
        // With others at the same database, a dead worker's jobs wait until their leases end.
        if stores.metadata.isOneServersOwn { try await Worker.adoptOrphans(context) }
        let membership = parts.membership(.server, version: SpotterVersion.current)
        let connections = Connections(configuration.limits, logger: context.logger)
        let certificate = parts.certificate
        if certificate == nil, !configuration.isLoopback {
            context.logger.warning(
                """
                Pictures and verdicts can be read on their way to other machines. Give the server \
                --tls-certificate and --tls-key, or let a proxy with TLS stand before it
                """, metadata: ["hostname": "\(configuration.hostname)"])
        }
        let application = ServerApplication(
            context: context, credentials: parts.credentials, s3: parts.s3,
            registry: parts.registry, greengrass: parts.greengrass?.client, audit: parts.audit,
            membership: membership, metricsAccess: configuration.metricsAccess,
            version: SpotterVersion.current, freeBytes: parts.freeBytes,
            consoleFiles: try Installation.consoleFolder().map { try ConsoleFiles(folder: $0) },
            agentBundle: { try? Installation.edgeAgentBundle($0) }
        ).application(
            hostname: configuration.hostname, port: configuration.port, connections: connections,
            certificate: certificate, onReady: onReady)
        var services: [any ServiceLifecycle.Service] = [
            Caretaker(context: context), HostingWatch(context: context),
            DetectionCounter(context: context),
        ]
        if !configuration.lanes.isEmpty {
            services.append(
                Worker(context: context, lanes: configuration.lanes, id: parts.member))
        }
        if let certificate { services.append(parts.watch(certificate)) }
        // The last to start is the first to stop: no request comes to parts that have ended.
        services.append(
            BoundedStop(
                wrapped: application, connections: connections,
                endRuns: { context.runtime.endRuns() }))
        return parts.group(services, membership, signals: signals)
    }
}
