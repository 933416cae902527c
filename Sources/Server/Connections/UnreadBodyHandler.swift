import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Looks after bodies that the responder has not read yet, or never will.
///
/// - `Expect: 100-continue` is answered at once, as SDKs that stream a body wait for it; a body
///   that is announced as too large is not asked for.
/// - A response with `Connection: close` ends the connection although the request has not ended.
///   Only our side is closed at first: closing both would throw the response away if the client
///   is still sending.
/// - After any other response the rest of the body may still come, but not for long. So it is with
///   every response on a stream of HTTP/2, where `Connection` means nothing and must not be sent.
final class UnreadBodyHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let isStream: Bool
    private let bodyBytesMax: @Sendable (HTTPRequest) -> Int
    private var isRequestOpen = false
    /// Of this connection, so far.
    private var requests = 0
    private var mustClose = false
    private var isClosing = false

    /// - Parameters:
    ///   - isStream: whether the channel is a stream of HTTP/2.
    ///   - bodyBytesMax: the bound on a request's body, by its head.
    init(
        isStream: Bool = false, bodyBytesMax: @escaping @Sendable (HTTPRequest) -> Int
    ) {
        self.isStream = isStream
        self.bodyBytesMax = bodyBytesMax
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isRequestOpen = true
            requests += 1
            if head.headerFields[.expect]?.lowercased() == "100-continue",
                head.headerFields[.contentLength].flatMap({ Int($0) }) ?? 0 <= bodyBytesMax(head)
            {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: break
        case .end: isRequestOpen = false
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where isStream:
            head.headerFields[.connection] = nil
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head(let head):
            mustClose = head.headerFields[.connection] == "close"
        case .end where mustClose && !isRequestOpen:
            isClosing = true
            let channel = context.channel
            let written = promise ?? context.eventLoop.makePromise()
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
            context.writeAndFlush(data, promise: written)
            return
        case .end where mustClose:
            isClosing = true
            let (loop, channel) = (context.eventLoop, context.channel)
            context.writeAndFlush(data, promise: promise)
            context.close(mode: .output, promise: nil)
            loop.scheduleTask(in: .seconds(ConnectionLimits.lingerSeconds)) {
                channel.close(promise: nil)
            }
            return
        case .end where isRequestOpen:
            endRequest(context)
        case .body, .end: break
        }
        context.write(data, promise: promise)
    }

    /// Closes the connection unless the request that was answered ends soon.
    private func endRequest(_ context: ChannelHandlerContext) {
        let answered = requests
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(ConnectionLimits.lingerSeconds)) {
            let (handler, context) = bound.value
            if handler.isRequestOpen, handler.requests == answered { context.close(promise: nil) }
        }
    }
}
