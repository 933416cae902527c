import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

extension Application
where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    /// An HTTP/1.1 server on which no client holds more than `ConnectionLimits` and `connections`
    /// allow.
    ///
    /// - Parameters:
    ///   - connections: get those that are opened.
    ///   - bodyBytesMax: the bound on a request's body, by its head.
    ///   - port: 0 takes a free one.
    ///   - onReady: gets the port once requests are taken.
    init(
        bounded responder: Responder, _ connections: Connections,
        bodyBytesMax: @escaping @Sendable (HTTPRequest) -> Int, hostname: String, port: Int,
        onReady: @escaping @Sendable (Int) async -> Void, logger: Logger
    ) {
        self.init(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        AddressBoundHandler(connections), ClientPaceHandler(),
                        UnreadBodyHandler(bodyBytesMax: bodyBytesMax),
                    ], idleTimeout: .seconds(ConnectionLimits.idleSeconds))),
            configuration: .init(
                address: .hostname(hostname, port: port), serverName: "Spotter",
                availableConnectionsDelegate: MaximumAvailableConnections(connections.max)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}
