import EdgeProtocol
import GRPCCore
import GRPCNIOTransportHTTP2Posix
package import Logging
import ServiceLifecycle
import Synchronization

/// Holds a model's stream to the agent, and opens it again whenever it breaks.
package struct AttachClient: Service {
    private let source: ModelSource
    private let socket: SocketAddress
    private let logger: Logger

    /// - Parameters:
    ///   - source: its first path is the unpacked folder, its second the archive.
    ///   - agent: where client programs find the agent; the model is attached beside it.
    /// - Throws: `invalidArgument` as `SocketAddress.forAttaching` does.
    package init(source: ModelSource, agent: SocketAddress, logger: Logger) throws(AgentError) {
        self.source = source
        socket = try agent.forAttaching()
        self.logger = logger
    }

    /// Whether the model is to run when the agent comes back.
    private final class Wish: Sendable {
        private let state: Mutex<Bool>

        init(_ wantsRunning: Bool) { state = Mutex(wantsRunning) }

        var wantsRunning: Bool { state.withLock { $0 } }

        func remember(_ status: Spotter_Edge_AttachEvent.Status) {
            switch status {
            case .starting, .running: state.withLock { $0 = true }
            case .stopped, .stopping: state.withLock { $0 = false }
            case .failed, .UNRECOGNIZED: break
            }
        }
    }

    private enum End: Sendable {
        case replaced
        case lost(String)
    }

    /// Opens the stream and opens it again after a pause when it breaks, until a graceful shutdown
    /// or until another attachment of the component replaces this one.
    package func run() async throws {
        let source = source
        // A model that ran when the agent died is to run again.
        let wish = Wish(source.settings.autostart ?? false)
        try? await cancelWhenGracefulShutdown {
            var lastReason: String?
            while !Task.isCancelled {
                switch try await once(source, wish) {
                case .replaced:
                    logger.info("Another attachment has taken the component; this one ends.")
                    return
                case .lost(let reason):
                    // While the agent is away, say so once.
                    if reason != lastReason {
                        logger.warning("Not attached: \(reason). Trying again every second.")
                    }
                    lastReason = reason
                }
                try await Task.sleep(for: .milliseconds(AgentLimits.attachRetryMilliseconds))
            }
        }
    }

    private func once(_ source: ModelSource, _ wish: Wish) async throws -> End {
        if let reason = socket.hindrance { return .lost(reason) }
        var request = Spotter_Edge_AttachRequest()
        request.component = source.component
        request.componentVersion = source.version
        request.unarchived = source.paths.first ?? ""
        request.archive = source.paths.dropFirst().first ?? ""
        request.configuration = source.settings.values
        request.start = wish.wantsRunning
        let (message, logger) = (request, logger)
        do {
            let transport = try HTTP2ClientTransport.Posix(
                target: .unixDomainSocket(path: socket.path), transportSecurity: .plaintext)
            return try await withGRPCClient(transport: transport) { client in
                let attachments = Spotter_Edge_Attachments.Client(wrapping: client)
                return try await attachments.attach { writer in
                    try await writer.write(message)
                    // The stream is the attachment: it stays open until this task is cancelled.
                    while true { try await Task.sleep(for: .seconds(3600)) }
                } onResponse: { response in
                    for try await event in response.messages {
                        if event.replaced { return End.replaced }
                        logger.info(
                            "\(event.statusMessage)", metadata: ["status": "\(event.status)"])
                        wish.remember(event.status)
                    }
                    return End.lost("the agent ended the stream")
                }
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as RPCError where error.code == .invalidArgument {
            return .lost("the agent refuses: \(error.message)")
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return .lost("the agent cannot be reached: \(error)")
        }
    }
}
