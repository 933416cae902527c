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
final class UnreadBodyHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a client may go on sending what nobody reads.
    private static let lingerSeconds: Int64 = 2

    private let bodyBytesMax: @Sendable (HTTPRequest) -> Int
    private var isRequestOpen = false
    private var mustClose = false
    private var isClosing = false

    /// - Parameter bodyBytesMax: the bound on a request's body, by its head.
    init(bodyBytesMax: @escaping @Sendable (HTTPRequest) -> Int) {
        self.bodyBytesMax = bodyBytesMax
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isRequestOpen = true
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
            loop.scheduleTask(in: .seconds(Self.lingerSeconds)) { channel.close(promise: nil) }
            return
        case .body, .end: break
        }
        context.write(data, promise: promise)
    }
}
