import Administration
import Base
import FoundationEssentials
import Hummingbird
package import Logging
import Service
import ServiceLifecycle
import Storage
package import UnixSignals
import Vision

/// Does the jobs of servers that keep everything in a shared database and bucket. Over HTTP it
/// answers only the status pages.
package struct SpotterWorker: Sendable {
    /// More jobs at once than this need more processes: a process has one store of connections.
    package static let placesMax = 64

    private let parts: Composition

    /// Opens the stores and loads the runtime; no job is claimed yet.
    ///
    /// - Parameter environment: as a server's.
    package init(
        configuration: ServerConfiguration, environment: [String: String], logger: Logger
    ) async throws {
        var configuration = configuration
        configuration.answersCalls = false
        parts = try await Composition(configuration, environment: environment, logger: logger)
    }

    /// Works until the task is cancelled or a signal arrives; jobs at hand are given back.
    ///
    /// - Parameters:
    ///   - signals: those that stop the worker in order.
    ///   - onReady: gets the port once its state can be asked for.
    package func run(
        gracefulShutdownSignals signals: [UnixSignal] = [],
        onReady: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let (configuration, context) = (parts.configuration, parts.context)
        let membership = parts.membership(.worker, version: SpotterVersion.current)
        let connections = Connections(configuration.limits, logger: context.logger)
        let certificate = parts.certificate
        let application = Application(
            bounded: WorkerResponder(
                status: StatusPages(
                    service: context, requests: RequestCounts(), membership: membership,
                    metricsAccess: configuration.metricsAccess, version: SpotterVersion.current,
                    freeBytes: parts.freeBytes)), connections, certificate: certificate,
            bodyBytesMax: { _ in 0 }, hostname: configuration.hostname, port: configuration.port,
            onReady: onReady,
            logger: context.logger)
        let worker = Worker(context: context, lanes: configuration.lanes, id: parts.member)
        var services: [any ServiceLifecycle.Service] = [Caretaker(context: context), worker]
        if let certificate { services.append(parts.watch(certificate)) }
        services.append(
            BoundedStop(
                wrapped: application, connections: connections,
                endRuns: { context.runtime.endRuns() }))
        try await parts.run(parts.group(services, membership, signals: signals))
    }
}
