import Base
import EdgeProtocol
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import UnixSignals
package import Vision

/// What an agent needs to know.
package struct AgentOptions: Sendable {
    /// Where clients connect; `prepare` decides what happens to a file that is there already.
    package var socket: SocketAddress
    /// Permissions of the socket.
    package var socketMode: UInt32
    /// Name of the group that owns the socket; nil and the empty text leave the process's own.
    package var socketGroup: String?
    /// Folders of models.
    package var folders: [String]
    /// Settings by component from the file of `--configuration-file`.
    package var configuration: AgentConfiguration
    /// nil serves no metrics.
    package var metricsPort: Int?
    /// Detections at once.
    package var concurrency: Int
    /// Folder that keeps TensorRT's engines between starts; nil builds them at every load.
    package var engineCache: String?

    /// Checks nothing: the command's options are checked where they are read.
    package init(
        socket: SocketAddress, socketMode: UInt32, socketGroup: String?, folders: [String],
        configuration: AgentConfiguration, metricsPort: Int?, concurrency: Int,
        engineCache: String? = nil
    ) {
        self.socket = socket
        self.socketMode = socketMode
        self.socketGroup = socketGroup
        self.folders = folders
        self.configuration = configuration
        self.metricsPort = metricsPort
        self.concurrency = concurrency
        self.engineCache = engineCache
    }
}

/// The composition root of the agent: builds every part.
package struct AgentServer: Sendable {
    private let options: AgentOptions
    private let runtime: OnnxRuntime
    private let logger: Logger

    /// Opens nothing yet; `run` binds the socket.
    package init(options: AgentOptions, runtime: OnnxRuntime, logger: Logger) {
        self.options = options
        self.runtime = runtime
        self.logger = logger
    }

    /// Runs until a signal stops it.
    ///
    /// - Parameter onReady: called once clients can connect.
    package func run(onReady: @escaping @Sendable () -> Void) async throws {
        try options.socket.prepare(logger: logger)
        // Nobody may connect between binding the socket and setting its mode.
        // Directories keep their search bit: connecting needs the right to write alone.
        umask(mode_t(0o666 & ~options.socketMode))
        // One thread more than detections, so that loading a model does not wait for them.
        let pool = NIOThreadPool(numberOfThreads: options.concurrency + 1)
        pool.start()
        let shelf = ModelShelf(configuration: options.configuration)
        let admission = Admission(
            runningMax: options.concurrency, waitingMax: AgentLimits.waitingCallsMax,
            waitingBytesMax: AgentLimits.waitingBytesMax)
        let metrics = AgentMetrics()
        let agent = EdgeAgentService(
            shelf: shelf, admission: admission, pool: pool, metrics: metrics, logger: logger)
        let attachments = AttachmentService(shelf: shelf, pool: pool, logger: logger)
        var services: [any Service] = [
            ModelLoader(
                shelf: shelf, runtime: runtime,
                device: .current(runtime: runtime, engineCache: options.engineCache), pool: pool,
                threads: 1, logger: logger),
            FolderWatch(folders: options.folders, shelf: shelf, pool: pool, logger: logger),
            Listener(
                server: GRPCServer(transport: transport(), services: [agent, attachments]),
                shelf: shelf, options: options, logger: logger, onReady: onReady),
        ]
        if let port = options.metricsPort {
            services.append(
                MetricsServer(port: port, logger: logger) {
                    metrics.text(models: shelf.list(), waiting: admission.waitingCalls)
                })
        }
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(AgentLimits.drainSeconds)
        let group = ServiceGroup(configuration: configuration)
        do {
            try await group.run()
        } catch {
            try? await pool.shutdownGracefully()
            throw error
        }
        try await pool.shutdownGracefully()
    }

    /// With NIO's own watermarks a connection turns unwritable and writable again within one flush
    /// when many calls are refused at once, and the HTTP/2 handler then flushes data frames in the
    /// middle of control frames: an assertion that ends a debug build. A client's flow-control
    /// window bounds what waits to be written.
    private static let writeBuffer = ChannelOptions.Types.WriteBufferWaterMark(
        low: AgentLimits.writeBufferBytesMax / 2, high: AgentLimits.writeBufferBytesMax)

    private func transport() -> HTTP2ServerTransport.Posix {
        HTTP2ServerTransport.Posix(
            address: .unixDomainSocket(path: options.socket.path), transportSecurity: .plaintext,
            config: .defaults { config in
                config.rpc.maxRequestPayloadSize = AgentLimits.requestBytesMax
                config.http2.maxConcurrentStreams = AgentLimits.connectionCallsMax
                // Images are large: bigger frames mean fewer of them.
                config.http2.maxFrameSize = 1 << 20
                config.channelDebuggingCallbacks.onAcceptTCPConnection = { connection in
                    connection.setOption(.writeBufferWaterMark, value: Self.writeBuffer)
                }
            })
    }

    /// Serves gRPC on the socket, and removes the socket at the end.
    private struct Listener: Service {
        let server: GRPCServer<HTTP2ServerTransport.Posix>
        let shelf: ModelShelf
        let options: AgentOptions
        let logger: Logger
        let onReady: @Sendable () -> Void

        func run() async throws {
            try await withGracefulShutdownHandler {
                let socket = Mutex<SocketAddress.FileIdentity?>(nil)
                defer { options.socket.remove(socket.withLock { $0 }) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await server.serve() }
                    if try await server.listeningAddress != nil {
                        socket.withLock { $0 = options.socket.identity }
                        try options.socket.permit(
                            mode: options.socketMode, group: options.socketGroup)
                        logger.info("Listening on unix://\(options.socket.path)")
                        onReady()
                    }
                    try await group.waitForAll()
                }
            } onGracefulShutdown: {
                shelf.changes.close()
                server.beginGracefulShutdown()
            }
        }
    }
}
