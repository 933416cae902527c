import Administration
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import NIOPosix
import NIOSSL
import NIOTLS
import TestSupport
import Testing

@testable import Server

/// What is agreed on before the first request, and the bounds that TLS and HTTP/2 need beside those
/// of HTTP/1.1.
@Suite struct SecureConnectionTests {
    private static let request =
        "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    private let directory: TemporaryDirectory
    private let files: TLSFiles
    private let server: TestServer

    init() throws {
        directory = try TemporaryDirectory()
        _ = try SelfSigned.make(in: directory.path, names: ["localhost"])
        files = TLSFiles(
            certificate: "\(directory.path)/server.pem", key: "\(directory.path)/server-key.pem")
        server = try TestServer(
            certificate: try CertificateHolder(files, now: Date(), logger: LogLines().logger))
    }

    /// Shakes hands with the server, sends `request` and returns what comes until the end.
    private func answer(
        _ versions: (least: TLSVersion, most: TLSVersion), protocols: [String] = []
    ) async throws -> String {
        let ca = "\(directory.path)/ca.pem"
        return try await server.live { client, _ in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .file(ca)
            configuration.minimumTLSVersion = versions.least
            configuration.maximumTLSVersion = versions.most
            configuration.applicationProtocols = protocols
            let context = try NIOSSLContext(configuration: configuration)
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: client.port ?? 0) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                            wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { input, output in
                try await output.write(ByteBuffer(string: Self.request))
                var text = ""
                for try await piece in input { text += String(buffer: piece) }
                return text
            }
        }
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func versionsOfTodayAreSpoken(_ version: TLSVersion) async throws {
        let text = try await answer((version, version))
        #expect(text.hasPrefix("HTTP/1.1 200 "))
        #expect(text.hasSuffix(#"{"status":"ok","version":"test"}"#))
    }

    @Test(arguments: [TLSVersion.tlsv1, .tlsv11])
    func earlierVersionsAreRefused(_ version: TLSVersion) async throws {
        await #expect(throws: (any Error).self) { try await answer((version, version)) }
    }

    @Test func aClientThatNamesTheOldProtocolGetsIt() async throws {
        let text = try await answer((.tlsv12, .tlsv13), protocols: ["http/1.1"])
        #expect(text.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func aRequestWithoutTLSIsNotAnswered() async throws {
        let text = try await server.live { client, _ in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: client.port ?? 0) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                            wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { input, output in
                try await output.write(ByteBuffer(string: Self.request))
                var bytes = 0
                for try await piece in input { bytes += piece.readableBytes }
                return bytes
            }
        }
        #expect(text < 100)
    }

    private func connected(_ handlers: [any ChannelHandler]) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handlers: handlers)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        return channel
    }

    @Test func aHandshakeThatDoesNotComeEndsTheConnection() throws {
        let silent = try connected([HandshakeBoundHandler()])
        silent.embeddedEventLoop.advanceTime(by: .seconds(ConnectionLimits.handshakeSeconds - 1))
        #expect(silent.isActive)
        silent.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!silent.isActive)
        let agreed = try connected([HandshakeBoundHandler()])
        agreed.pipeline.fireUserInboundEventTriggered(
            TLSUserEvent.handshakeCompleted(negotiatedProtocol: "h2"))
        agreed.embeddedEventLoop.advanceTime(by: .seconds(3_600))
        #expect(agreed.isActive)
    }

    @Test func aConnectionWithoutStreamsEndsWhateverItsClientSays() throws {
        let connections = Connections(
            max: 10, perAddressMax: 10, descriptors: 65_536, logger: LogLines().logger)
        let connection = try connected([IdleStreamsHandler(connections)])
        let stream = try connected([])
        #expect(connections.admit(stream, streamOf: connection))
        connection.embeddedEventLoop.advanceTime(by: .seconds(3_600))
        #expect(connection.isActive)
        try stream.close().wait()
        stream.embeddedEventLoop.run()
        #expect(!connections.hasStreams(of: connection))
        for _ in 0..<ConnectionLimits.idleSeconds {
            _ = try? connection.writeInbound(ByteBuffer(string: "ping"))
            connection.embeddedEventLoop.advanceTime(by: .seconds(1))
        }
        #expect(connection.isActive)
        connection.embeddedEventLoop.advanceTime(
            by: .seconds(ConnectionLimits.stopSeconds + 2 * ConnectionLimits.lookSeconds))
        #expect(!connection.isActive)
    }

    /// One connection must not hold what a hundred may.
    @Test func streamsCountAsConnectionsDo() throws {
        let connections = Connections(
            max: 4, perAddressMax: 3, descriptors: 65_536, logger: LogLines().logger)
        let channels = try (0..<6).map { index in
            let channel = EmbeddedChannel()
            let address = index < 4 ? "192.0.2.1" : "192.0.2.2"
            try channel.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
            return channel
        }
        #expect(connections.admit(channels[0]))
        let admitted = channels.dropFirst().map {
            connections.admit($0, streamOf: channels[0])
        }
        // Two more of the first address, then one of the other; then there are as many as may be.
        #expect(admitted == [true, true, false, true, false])
    }

    @Test func aStreamGetsNoWordAboutItsConnection() throws {
        let handler = UnreadBodyHandler(
            isStream: true, bodyBytesMax: { _ in 1 << 20 }, asksLater: { _ in false })
        let channel = try connected([handler])
        let head = HTTPRequest(method: .put, scheme: nil, authority: "h", path: "/")
        try channel.writeInbound(HTTPRequestPart.head(head))
        try channel.writeOutbound(
            HTTPResponsePart.head(
                HTTPResponse(status: .forbidden, headerFields: [.connection: "close"])))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        guard case .head(let sent) = try channel.readOutbound(as: HTTPResponsePart.self) else {
            Issue.record("no head was sent")
            return
        }
        #expect(sent.headerFields[.connection] == nil)
        // The body that nobody reads may come for a moment.
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(ConnectionLimits.lingerSeconds))
        #expect(!channel.isActive)
    }

    @Test func aClientCannotSayHowItsRequestCame() throws {
        let channel = try connected([SchemeHandler("http")])
        let head = HTTPRequest(method: .get, scheme: "https", authority: "h", path: "/")
        try channel.writeInbound(HTTPRequestPart.head(head))
        guard case .head(let read) = try channel.readInbound(as: HTTPRequestPart.self) else {
            Issue.record("no head came")
            return
        }
        #expect(read.scheme == "http")
    }
}
