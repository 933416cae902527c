import HTTPTypes
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOSSL
import NIOTLS

/// A connection with TLS, on which client and server agree by ALPN on HTTP/2 or HTTP/1.1. A client
/// that names neither gets HTTP/1.1.
///
/// Both are Hummingbird's; the bounds of a connection are put around them here, and each stream of
/// HTTP/2 gets those that a connection of HTTP/1.1 has.
struct SecureChannel: ServerChildChannel {
    /// What was agreed on comes later than the connection.
    struct Value: ServerChildChannelValue {
        let agreed:
            EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Channel.Value, HTTP2Channel.Value>>
        let channel: any Channel
    }

    let certificate: CertificateHolder
    let connections: Connections
    let http1: HTTP1Channel
    let http2: HTTP2Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // The certificate of this moment: renewals do not touch open connections.
            try channel.pipeline.syncOperations.addHandlers([
                AddressBoundHandler(connections),
                NIOSSLServerHandler(context: certificate.context), HandshakeBoundHandler(),
            ])
        }.flatMap {
            channel.configureHTTP2AsyncSecureUpgrade { channel in
                http1.setup(channel: channel, logger: logger)
            } http2ConnectionInitializer: { channel in
                http2.setup(channel: channel, logger: logger).flatMapThrowing { value in
                    try channel.pipeline.syncOperations.addHandler(
                        IdleStreamsHandler(connections), position: .first)
                    StreamWindows.open(channel)
                    return value
                }
            }
        }.map { Value(agreed: $0, channel: channel) }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.agreed.get() {
            case .http1_1(let connection): await http1.handle(value: connection, logger: logger)
            case .http2(let connection): await http2.handle(value: connection, logger: logger)
            }
        } catch {
            // A client that does not trust the certificate, a scanner, one that speaks no TLS.
            logger.debug("No connection came of it", metadata: ["error": "\(error)"])
        }
    }
}

/// Closes a connection on which TLS is not agreed on in time.
final class HandshakeBoundHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private var end: Scheduled<Void>?

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        end = context.eventLoop.scheduleTask(in: .seconds(ConnectionLimits.handshakeSeconds)) {
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        end?.cancel()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { end?.cancel() }
        context.fireUserInboundEventTriggered(event)
    }
}

/// Closes a connection of HTTP/2 that has had no stream for long, whatever its client goes on to
/// say: pings keep no connection open, and neither does silence after the server's goodbye.
final class IdleStreamsHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let connections: Connections
    private var look: RepeatedTask?

    init(_ connections: Connections) {
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let (channel, loop) = (context.channel, context.eventLoop)
        let interval = TimeAmount.seconds(ConnectionLimits.lookSeconds)
        let since = NIOLoopBoundBox(loop.now, eventLoop: loop)
        look = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            [connections] _ in
            if connections.hasStreams(of: channel) { since.value = loop.now }
            let seconds = ConnectionLimits.idleSeconds + ConnectionLimits.stopSeconds
            if loop.now - since.value > .seconds(seconds) { channel.close(promise: nil) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { look?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        look?.cancel()
        context.fireChannelInactive()
    }
}

/// Writes into each request how it came, whatever its client says about that.
final class SchemeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let scheme: String

    /// - Parameter scheme: `http` or `https`.
    init(_ scheme: String) {
        self.scheme = scheme
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else {
            return context.fireChannelRead(data)
        }
        head.scheme = scheme
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
