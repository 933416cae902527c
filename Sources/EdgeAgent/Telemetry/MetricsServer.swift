package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// Serves `GET /metrics` to this machine alone.
package struct MetricsServer: Service {
    private static let connectionsMax = 16

    private let port: Int
    private let text: @Sendable () -> String
    private let logger: Logger

    /// - Parameter port: 0 takes a free one, which the log names.
    package init(port: Int, logger: Logger, text: @escaping @Sendable () -> String) {
        self.port = port
        self.text = text
        self.logger = logger
    }

    /// Serves until a graceful shutdown.
    ///
    /// - Throws: When the port is taken; a failed connection only ends itself.
    package func run() async throws {
        let text = text
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: Int32(Self.connectionsMax))
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        logger.info(
            "Metrics on http://127.0.0.1:\(server.channel.localAddress?.port ?? port)/metrics")
        try? await cancelWhenGracefulShutdown {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { try? await Self.serve(connection, text) }
                    }
                }
            }
        }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>,
        _ text: @Sendable () -> String
    ) async throws {
        try await connection.executeThenClose { requests, responses in
            for try await part in requests {
                guard case .head(let head) = part else { continue }
                let isMetrics = head.method == .GET && head.uri == "/metrics"
                let body = isMetrics ? text() : "Only GET /metrics is here.\n"
                let headers: HTTPHeaders = [
                    "content-type": "text/plain; version=0.0.4", "connection": "close",
                    "content-length": "\(body.utf8.count)",
                ]
                try await responses.write(
                    .head(
                        HTTPResponseHead(
                            version: .http1_1, status: isMetrics ? .ok : .notFound,
                            headers: headers)))
                try await responses.write(.body(.byteBuffer(ByteBuffer(string: body))))
                try await responses.write(.end(nil))
                return
            }
        }
    }
}
