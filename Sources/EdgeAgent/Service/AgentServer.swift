import Base
package import Logging
import NIOPosix
import ServiceLifecycle
import UnixSignals
package import Vision

/// What an agent needs to know.
package struct AgentOptions: Sendable {
    /// Where clients connect; models are attached at a socket beside it
    /// (`SocketAddress.forAttaching`). `prepare` decides what happens to a file that is there
    /// already.
    package var socket: SocketAddress
    /// Permissions of the socket for clients; the other one is its owner's alone.
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

    /// Opens nothing yet; `run` binds the sockets.
    package init(options: AgentOptions, runtime: OnnxRuntime, logger: Logger) {
        self.options = options
        self.runtime = runtime
        self.logger = logger
    }

    /// Runs until a signal stops it.
    ///
    /// - Parameters:
    ///   - onReady: called once clients and attachments can connect.
    ///   - onOverdue: called when something could not be ended in time after a signal; it has to
    ///     end the process. The sockets are removed by then.
    package func run(
        onReady: @escaping @Sendable () -> Void, onOverdue: @escaping @Sendable () -> Void
    ) async throws {
        HeapMemory.bound(returnedBytes: AgentLimits.returnedBufferBytes)
        let attaching = try options.socket.forAttaching()
        try options.socket.prepare(logger: logger)
        try attaching.prepare(logger: logger)
        // Neither waits for the other, and loads of models for none of them.
        let pool = NIOThreadPool(numberOfThreads: options.concurrency)
        let files = NIOThreadPool(numberOfThreads: AgentLimits.fileThreads)
        for each in [pool, files] { each.start() }
        let shelf = ModelShelf(configuration: options.configuration)
        let admission = Admission(
            runningMax: options.concurrency, waitingMax: AgentLimits.waitingCallsMax,
            waitingBytesMax: AgentLimits.waitingBytesMax)
        let metrics = AgentMetrics()
        let sockets = BoundSockets()
        let agent = EdgeAgentService(
            shelf: shelf, admission: admission, pool: pool, metrics: metrics, logger: logger)
        let attachments = AttachmentService(shelf: shelf, pool: files, logger: logger)
        var services: [any Service] = [
            ModelLoader(
                shelf: shelf, runtime: runtime,
                device: .current(runtime: runtime, engineCache: options.engineCache),
                threads: 1, logger: logger),
            HeapCare(pool: files, logger: logger),
            FolderWatch(folders: options.folders, shelf: shelf, pool: files, logger: logger),
            Listener(
                doors: [
                    Door(
                        socket: attaching, mode: AgentLimits.attachingSocketMode, group: nil,
                        requestBytesMax: AgentLimits.attachRequestBytesMax, ownerOnly: true,
                        services: [attachments], logger: logger),
                    Door(
                        socket: options.socket, mode: options.socketMode,
                        group: options.socketGroup, requestBytesMax: AgentLimits.requestBytesMax,
                        ownerOnly: false,
                        services: [agent, RefusedAttachments(socket: attaching, logger: logger)],
                        logger: logger),
                ],
                sockets: sockets, changes: shelf.changes, runtime: runtime, logger: logger,
                onReady: onReady),
        ]
        if let port = options.metricsPort {
            services.append(
                MetricsServer(port: port, logger: logger) {
                    metrics.text(models: shelf.list(), waiting: admission.waitingCalls)
                })
        }
        services.append(
            EndOfTime(seconds: AgentLimits.endSeconds) { [logger] in
                logger.warning("What still computes is ended with the process.")
                sockets.remove()
                onOverdue()
            })
        // The last one hears of the signal first.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            try? await Self.close([pool, files], runtime)
            throw error
        }
        try await Self.close([pool, files], runtime)
    }

    private static func close(_ pools: [NIOThreadPool], _ runtime: OnnxRuntime) async throws {
        runtime.endRuns()
        for pool in pools { try await pool.shutdownGracefully() }
    }
}
