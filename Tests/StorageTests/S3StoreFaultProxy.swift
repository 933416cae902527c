import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and a server that takes one request a connection, and spoils
/// connections in turn.
final class FaultProxy: Sendable {
    enum Fault: Sendable {
        case none
        /// Answers itself, once the request is there.
        case answer(String)
        /// Hangs up after so many bytes of the request.
        case cutRequest(after: Int)
        /// Hangs up after so many bytes of the answer, its head included.
        case cutAnswer(after: Int)
        /// Turns over a byte of the answer's body, which must be longer than one piece.
        case spoilAnswer
        /// Never answers.
        case silence
    }

    private final class Plan: Sendable {
        private let state: Mutex<(faults: [Fault], requests: [String])>

        init(_ faults: [Fault]) { state = Mutex((faults, [])) }

        func next() -> Fault {
            state.withLock { $0.faults.isEmpty ? .none : $0.faults.removeFirst() }
        }

        func note(_ head: String) { state.withLock { $0.requests.append(head) } }

        var requests: [String] { state.withLock { $0.requests } }
    }

    private let plan: Plan
    private let channel: any Channel

    /// - Parameters:
    ///   - target: port on loopback of the server behind.
    ///   - faults: of the first connections; the others are not spoiled.
    init(to target: Int, faults: [Fault]) async throws {
        let plan = Plan(faults)
        self.plan = plan
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Front(fault: plan.next(), target: target, note: { plan.note($0) }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    /// Heads of the requests that came, in order.
    var requests: [String] { plan.requests }

    func close() async throws { try await channel.close() }

    /// The client's side of a connection.
    private final class Front: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let fault: Fault
        private let target: Int
        private let note: (String) -> Void
        private var count = 0
        private var start = ByteBuffer()
        private var head: String?
        private var bodyLength = 0
        private var back: EventLoopFuture<any Channel>?

        init(fault: Fault, target: Int, note: @escaping (String) -> Void) {
            self.fault = fault
            self.target = target
            self.note = note
        }

        func channelActive(context: ChannelHandlerContext) {
            switch fault {
            case .answer, .silence: break
            case .none, .cutRequest, .cutAnswer, .spoilAnswer:
                let (front, fault) = (context.channel, fault)
                back = ClientBootstrap(group: context.eventLoop)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                Back(front: front, fault: fault))
                        }
                    }
                    .connect(host: "127.0.0.1", port: target)
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let piece = unwrapInboundIn(data)
            count += piece.readableBytes
            if head == nil { readHead(piece) }
            switch fault {
            case .cutRequest(let count) where self.count >= count:
                context.close(promise: nil)
            case .answer(let answer):
                guard let head, count >= head.utf8.count + 4 + bodyLength else { return }
                let channel = context.channel
                channel.writeAndFlush(ByteBuffer(string: answer))
                    .whenComplete { _ in channel.close(promise: nil) }
            default:
                back?.whenSuccess { $0.writeAndFlush(piece, promise: nil) }
            }
        }

        private func readHead(_ piece: ByteBuffer) {
            start.writeImmutableBuffer(piece)
            let text = String(buffer: start)
            guard let end = text.firstRange(of: "\r\n\r\n") else { return }
            let head = String(text[..<end.lowerBound])
            note(head)
            let length = head.lowercased().firstMatch(of: /content-length: ([0-9]+)/)
            bodyLength = length.flatMap { Int($0.1) } ?? 0
            self.head = head
        }

        func channelInactive(context: ChannelHandlerContext) {
            back?.whenSuccess { $0.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    /// The server's side of a connection.
    private final class Back: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let front: any Channel
        private let fault: Fault
        private var count = 0
        private var body = 0

        init(front: any Channel, fault: Fault) {
            self.front = front
            self.fault = fault
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var piece = unwrapInboundIn(data)
            defer { count += piece.readableBytes }
            switch fault {
            case .cutAnswer(let limit) where count + piece.readableBytes >= limit:
                let rest =
                    piece.getSlice(
                        at: piece.readerIndex, length: max(0, limit - count)) ?? ByteBuffer()
                let front = front
                front.writeAndFlush(rest).whenComplete { _ in front.close(promise: nil) }
                context.close(promise: nil)
            case .spoilAnswer:
                // The head may come by itself.
                if count > 0, body == 0, piece.readableBytes > 0 {
                    let last = piece.writerIndex - 1
                    let byte: UInt8 = piece.getInteger(at: last) ?? 0
                    piece.setInteger(byte ^ 0xFF, at: last)
                    body += 1
                }
                front.writeAndFlush(piece, promise: nil)
            default:
                front.writeAndFlush(piece, promise: nil)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            // After what is still on its way.
            let front = front
            front.writeAndFlush(ByteBuffer()).whenComplete { _ in front.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
