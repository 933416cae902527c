import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Looks after bodies that the responder has not read yet, or never will.
///
/// - `Expect: 100-continue` is answered at once, as SDKs that stream a body wait for it; a body
///   that is announced as too large is not asked for. Where `asksLater` says so, it is answered
///   when `BodyWanted` comes, so that a request which is refused by its head sends no body. An
///   answer without a `100 Continue` before it ends the connection: botocore would take its status
///   for that of the next answer too.
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

    /// An outbound event: the body of the request is going to be read.
    enum BodyWanted { case now }

    private let isStream: Bool
    private let bodyBytesMax: @Sendable (HTTPRequest) -> Int
    private let asksLater: @Sendable (HTTPRequest) -> Bool
    private var isAsked = true
    private var isRequestOpen = false
    /// Of this connection, so far.
    private var requests = 0
    private var mustClose = false
    private var isClosing = false

    /// - Parameters:
    ///   - isStream: whether the channel is a stream of HTTP/2.
    ///   - bodyBytesMax: the bound on a request's body, by its head.
    ///   - asksLater: whether what answers a request triggers `BodyWanted` when it wants the body.
    init(
        isStream: Bool = false, bodyBytesMax: @escaping @Sendable (HTTPRequest) -> Int,
        asksLater: @escaping @Sendable (HTTPRequest) -> Bool
    ) {
        self.isStream = isStream
        self.bodyBytesMax = bodyBytesMax
        self.asksLater = asksLater
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
                let length = head.headerFields[.contentLength]
                let hasBody =
                    length.map { $0 != "0" } ?? (head.headerFields[.transferEncoding] != nil)
                isAsked = !(hasBody && asksLater(head))
                if isAsked { ask(context) }
            }
        case .body: break
        case .end:
            isRequestOpen = false
            // It did not wait.
            isAsked = true
        }
        context.fireChannelRead(data)
    }

    private func ask(_ context: ChannelHandlerContext) {
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event is BodyWanted else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        if !isAsked, isRequestOpen {
            isAsked = true
            ask(context)
        }
        promise?.succeed()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where isStream:
            isAsked = true
            head.headerFields[.connection] = nil
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head(var head):
            if !isAsked { head.headerFields[.connection] = "close" }
            // After the answer nobody asks any more.
            isAsked = true
            mustClose = head.headerFields[.connection] == "close"
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
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
