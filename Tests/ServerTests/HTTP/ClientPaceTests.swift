import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import TestSupport
import Testing

@testable import Server

/// Clients that trickle, and those that do not read. Time is the event loop's own, moved by hand.
@Suite struct ClientPaceTests {
    /// A connection on which a request has begun.
    private struct Connection {
        let channel: EmbeddedChannel

        init() throws {
            channel = EmbeddedChannel(handlers: [ClientPaceHandler()])
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
            let head = HTTPRequest(method: .put, scheme: nil, authority: "h", path: "/")
            try channel.writeInbound(HTTPRequestPart.head(head))
        }

        func send(_ count: Int) throws {
            channel.read()
            try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: count)))
        }

        func pass(seconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }
    }

    @Test func aBodyThatTricklesEnds() throws {
        let connection = try Connection()
        var isRefused = false
        for _ in 0..<60 where !isRefused {
            do {
                try connection.send(1)
                connection.channel.read()
                connection.pass(seconds: 1)
                try connection.channel.throwIfErrorCaught()
            } catch is ClientPaceHandler.SlowClient {
                isRefused = true
            }
        }
        #expect(isRefused)
        #expect(connection.channel.isActive)
        connection.pass(seconds: ConnectionLimits.lingerSeconds)
        #expect(!connection.channel.isActive)
    }

    @Test func aBodyThatRestsAndGoesOnIsTaken() throws {
        let connection = try Connection()
        for _ in 0..<120 {
            try connection.send(32 << 10)
            connection.channel.read()
            connection.pass(seconds: 2)
        }
        try connection.channel.writeInbound(HTTPRequestPart.end(nil))
        connection.pass(seconds: 600)
        try connection.channel.throwIfErrorCaught()
        #expect(connection.channel.isActive)
    }

    /// While the server itself does not ask for more, time does not count.
    @Test func aClientDoesNotAnswerForASlowServer() throws {
        let connection = try Connection()
        try connection.channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "a")))
        connection.pass(seconds: 3600)
        try connection.channel.throwIfErrorCaught()
        #expect(connection.channel.isActive)
    }

    @Test func aClientThatDoesNotReadItsAnswerIsDisconnected() throws {
        let connection = try Connection()
        try connection.channel.writeInbound(HTTPRequestPart.end(nil))
        connection.channel.isWritable = false
        connection.channel.pipeline.fireChannelWritabilityChanged()
        connection.pass(seconds: ConnectionLimits.graceSeconds - 1)
        #expect(connection.channel.isActive)
        connection.pass(seconds: 1 + ConnectionLimits.lookSeconds)
        #expect(!connection.channel.isActive)
    }

    @Test func aClientThatReadsSlowlyMayGoOn() throws {
        let connection = try Connection()
        try connection.channel.writeInbound(HTTPRequestPart.end(nil))
        let head = HTTPResponsePart.head(HTTPResponse(status: .ok))
        connection.channel.write(head, promise: nil)
        for _ in 0..<100 {
            let body = HTTPResponsePart.body(ByteBuffer(repeating: 0, count: 64 << 10))
            connection.channel.writeAndFlush(body, promise: nil)
            connection.channel.isWritable = false
            connection.channel.pipeline.fireChannelWritabilityChanged()
            connection.pass(seconds: 3)
            connection.channel.isWritable = true
            connection.channel.pipeline.fireChannelWritabilityChanged()
        }
        #expect(connection.channel.isActive)
    }

    /// In HTTP/2 a client's window holds back even a short answer, which would wait for ever.
    @Test func aClientThatTakesNoShortAnswerIsDisconnected() throws {
        let channel = EmbeddedChannel(handlers: [HeldBackHandler(), ClientPaceHandler()])
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        channel.write(HTTPResponsePart.head(HTTPResponse(status: .ok)), promise: nil)
        channel.writeAndFlush(HTTPResponsePart.end(nil), promise: nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(ConnectionLimits.graceSeconds - 1))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1 + ConnectionLimits.lookSeconds))
        #expect(!channel.isActive)
    }

    /// Lets nothing through, as a window without room does.
    private final class HeldBackHandler: ChannelOutboundHandler {
        typealias OutboundIn = HTTPResponsePart

        private var promises: [EventLoopPromise<Void>] = []

        func write(
            context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
        ) {
            if let promise { promises.append(promise) }
        }

        func close(
            context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
        ) {
            for each in promises { each.fail(ChannelError.ioOnClosedChannel) }
            context.close(mode: mode, promise: promise)
        }
    }

    /// An endless body of a request that was answered without it.
    @Test func whatNobodyReadsEndsSoonAfterTheAnswer() throws {
        let handler = UnreadBodyHandler(
            bodyBytesMax: { _ in 1 << 20 }, asksLater: { _ in false })
        let channel = EmbeddedChannel(handlers: [handler])
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        let head = HTTPRequest(method: .get, scheme: nil, authority: "h", path: "/")
        try channel.writeInbound(HTTPRequestPart.head(head))
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        for _ in 0..<4 where channel.isActive {
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            _ = try? channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "more")))
        }
        #expect(!channel.isActive)
    }

    /// botocore takes the status of an answer that came without `100 Continue` for that of the next
    /// answer on the connection too.
    @Test(arguments: [("0", false, 100, nil), ("3", true, 100, nil), ("3", false, 404, "close")])
    func aBodyThatIsNotAskedForEndsTheConnection(
        _ length: String, _ isWanted: Bool, _ first: Int, _ connection: String?
    ) throws {
        let handler = UnreadBodyHandler(bodyBytesMax: { _ in 1 << 20 }, asksLater: { _ in true })
        let channel = EmbeddedChannel(handlers: [handler])
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        let head = HTTPRequest(
            method: .put, scheme: nil, authority: "h", path: "/",
            headerFields: [.expect: "100-continue", .contentLength: length])
        try channel.writeInbound(HTTPRequestPart.head(head))
        if isWanted {
            try channel.triggerUserOutboundEvent(UnreadBodyHandler.BodyWanted.now).wait()
        }
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .notFound)))
        var heads: [HTTPResponse] = []
        while let part = try channel.readOutbound(as: HTTPResponsePart.self) {
            if case .head(let head) = part { heads.append(head) }
        }
        #expect(heads.first?.status.code == first)
        #expect(heads.last?.status.code == 404)
        #expect(heads.last?.headerFields[.connection] == connection)
    }

    @Test func moreConnectionsOfOneAddressAreClosed() throws {
        let log = LogLines()
        let connections = Connections(
            max: 100, perAddressMax: 2, descriptors: 65_536, logger: log.logger)
        let channels = try (0..<4).map { index in
            let channel = EmbeddedChannel(handlers: [AddressBoundHandler(connections)])
            let address = index == 3 ? "192.0.2.2" : "192.0.2.1"
            try channel.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
            return channel
        }
        #expect(channels.map(\.isActive) == [true, true, false, true])
        #expect(connections.count == 3)
        #expect(log.all.filter { $0.contains("192.0.2.1") }.count == 1)
        try channels[0].close().wait()
        channels[0].embeddedEventLoop.run()
        #expect(connections.count == 2)
    }

    @Test(arguments: [(1_000, 65_536, 1_000), (1_000, 1_024, 448), (1_000, 100, 1)])
    func connectionsLeaveFileDescriptorsForTheRest(_ wanted: Int, _ files: Int, _ max: Int) {
        let connections = Connections(
            max: wanted, perAddressMax: 10, descriptors: files, logger: LogLines().logger)
        #expect(connections.max == max)
    }
}
