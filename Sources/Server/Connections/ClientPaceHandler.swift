import NIOCore
import NIOHTTPTypes

/// Ends requests whose body trickles, and connections whose client does not read its answer.
final class ClientPaceHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What the reader of such a body gets.
    struct SlowClient: Error {}

    /// Of the body that is on its way; nil between requests.
    private var reading: ClientPace?
    private var writing = ClientPace()
    /// Whether the end of an answer waits for its client: in HTTP/2 that holds back even a short
    /// one, and nothing else shows it.
    private var isEnding = false
    private var isRefused = false
    private var look: RepeatedTask?

    func handlerAdded(context: ChannelHandlerContext) {
        let interval = TimeAmount.seconds(ConnectionLimits.lookSeconds)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        look = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            _ in bound.value.handler.check(bound.value.context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { look?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        look?.cancel()
        context.fireChannelInactive()
    }

    /// The server wants more of the body only when it asks for it.
    func read(context: ChannelHandlerContext) {
        reading?.wait(context.eventLoop.now)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            reading = ClientPace()
            reading?.wait(context.eventLoop.now)
        case .body(let bytes):
            reading?.stop(context.eventLoop.now)
            reading?.move(bytes.readableBytes)
        case .end: reading = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: writing = ClientPace()
        case .body(let bytes): writing.move(bytes.readableBytes)
        case .end:
            let written = promise ?? context.eventLoop.makePromise()
            end(written, context)
            return context.write(data, promise: written)
        }
        context.write(data, promise: promise)
    }

    private func end(_ written: EventLoopPromise<Void>, _ context: ChannelHandlerContext) {
        isEnding = true
        writing.wait(context.eventLoop.now)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            bound.value.handler.isEnding = false
            bound.value.handler.follow(bound.value.context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        follow(context)
        context.fireChannelWritabilityChanged()
    }

    private func follow(_ context: ChannelHandlerContext) {
        if context.channel.isWritable, !isEnding {
            writing.stop(context.eventLoop.now)
        } else {
            writing.wait(context.eventLoop.now)
        }
    }

    private func check(_ context: ChannelHandlerContext) {
        let now = context.eventLoop.now
        follow(context)
        if writing.isTooSlow(now) {
            context.close(promise: nil)
        } else if !isRefused, reading?.isTooSlow(now) == true {
            isRefused = true
            // The request fails as one whose connection has ended: it is answered and noted.
            context.fireErrorCaught(SlowClient())
            let channel = context.channel
            context.eventLoop.scheduleTask(in: .seconds(ConnectionLimits.lingerSeconds)) {
                channel.close(promise: nil)
            }
        }
    }
}
