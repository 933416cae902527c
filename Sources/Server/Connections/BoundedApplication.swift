import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore

extension Application
where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    /// A server on which no client holds more than `ConnectionLimits` and `connections` allow: of
    /// HTTP/1.1, and with a certificate of HTTP/1.1 and HTTP/2 behind TLS.
    ///
    /// - Parameters:
    ///   - connections: get those that are opened.
    ///   - certificate: nil without TLS.
    ///   - bodyBytesMax: the bound on a request's body, by its head.
    ///   - asksLater: whether a client that waits for `100 Continue` gets it when the body is read,
    ///     by the request's head.
    ///   - port: 0 takes a free one.
    ///   - onReady: gets the port once requests are taken.
    init(
        bounded responder: Responder, _ connections: Connections, certificate: CertificateHolder?,
        bodyBytesMax: @escaping @Sendable (HTTPRequest) -> Int,
        asksLater: @escaping @Sendable (HTTPRequest) -> Bool = { _ in false },
        hostname: String, port: Int,
        onReady: @escaping @Sendable (Int) async -> Void, logger: Logger
    ) {
        let idle = ConnectionLimits.idleSeconds
        let plain = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                AddressBoundHandler(connections), SchemeHandler("http"), ClientPaceHandler(),
                UnreadBodyHandler(bodyBytesMax: bodyBytesMax, asksLater: asksLater),
            ], idleTimeout: .seconds(idle))
        let secure = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                SchemeHandler("https"), ClientPaceHandler(),
                UnreadBodyHandler(bodyBytesMax: bodyBytesMax, asksLater: asksLater),
            ], idleTimeout: .seconds(idle))
        let streams = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                StreamWindowHandler(), AddressBoundHandler(connections, isStream: true),
                SchemeHandler("https"), ClientPaceHandler(),
                UnreadBodyHandler(
                    isStream: true, bodyBytesMax: bodyBytesMax, asksLater: asksLater),
            ], idleTimeout: .seconds(idle))
        self.init(
            responder: responder,
            server: HTTPServerBuilder { respond in
                guard let certificate else {
                    return HTTP1Channel(responder: respond, configuration: plain)
                }
                return SecureChannel(
                    certificate: certificate, connections: connections,
                    http1: HTTP1Channel(responder: respond, configuration: secure),
                    http2: HTTP2Channel(
                        responder: respond,
                        configuration: .init(
                            idleTimeout: .seconds(idle),
                            gracefulCloseTimeout: .seconds(ConnectionLimits.stopSeconds),
                            streamConfiguration: streams)))
            },
            configuration: .init(
                address: .hostname(hostname, port: port), serverName: "Spotter",
                availableConnectionsDelegate: MaximumAvailableConnections(connections.max)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}
