import Access
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import NIOCore
import NIOPosix
import Service
import Testing

/// HTTP as bytes on a connection: framing, `Expect`, and requests that are refused unread.
@Suite(.sharedServer) struct ConnectionTests {
    private static let projects = "/2020-11-20/projects"

    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    /// The head of a signed request.
    ///
    /// - Parameter fields: lines to add, among them those about the body's length.
    private func head(
        _ authority: String, body: String = "", key: Credentials = TestServer.root,
        _ fields: [String]
    ) -> String {
        let signed = TestRequest(.post, Self.projects, body: body)
            .signed(as: key, "lookoutvision", host: authority, at: server.now)
        let lines =
            ["POST \(Self.projects) HTTP/1.1", "Host: \(authority)"]
            + signed.headers.map { "\($0.name): \($0.value)" } + fields
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// Opens a connection for `body`.
    private func connection<Value: Sendable>(
        _ body: @Sendable (Connection, _ authority: String) async throws -> Value
    ) async throws -> Value {
        try await server.live { client, authority in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "localhost", port: client.port ?? 0) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                            wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { input, output in
                try await body(
                    Connection(input: input.makeAsyncIterator(), output: output), authority)
            }
        }
    }

    /// What one test says and hears.
    private final class Connection {
        private var input: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        private let output: NIOAsyncChannelOutboundWriter<ByteBuffer>

        init(
            input: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            output: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.input = input
            self.output = output
        }

        func send(_ text: String) async throws {
            try await output.write(ByteBuffer(string: text))
        }

        /// What came by the end of a read; nil at the end of the connection.
        func piece() async throws -> String? {
            try await input.next().map { String(buffer: $0) }
        }

        /// All until the server closes the connection.
        func rest() async throws -> String {
            var text = ""
            while let piece = try await piece() { text += piece }
            return text
        }
    }

    /// Sends bytes as they are and returns all that comes until the server closes.
    private func answer(_ bytes: @escaping @Sendable (String) -> String) async throws -> String {
        try await connection { connection, authority in
            try await connection.send(bytes(authority))
            return try await connection.rest()
        }
    }

    @Test func aClientThatExpectsToContinueMayDoSoAtOnce() async throws {
        let body = #"{"ProjectName":"waited"}"#
        let rest = try await connection { connection, authority in
            try await connection.send(
                head(
                    authority, body: body,
                    [
                        "Expect: 100-continue", "Content-Length: \(body.utf8.count)",
                        "Connection: close",
                    ]))
            let interim = try await connection.piece() ?? ""
            #expect(interim.hasPrefix("HTTP/1.1 100 ") && interim.hasSuffix("\r\n\r\n"))
            try await connection.send(body)
            return try await connection.rest()
        }
        #expect(rest.hasPrefix("HTTP/1.1 200 ") && rest.contains("\"waited\""))
    }

    @Test func aBodyThatIsAnnouncedAsTooLargeIsNotAskedFor() async throws {
        let text = try await answer { authority in
            head(authority, ["Expect: 100-continue", "Content-Length: \(1 << 40)"])
        }
        #expect(text.hasPrefix("HTTP/1.1 413 ") && !text.contains("100 Continue"))
    }

    /// In chunks nobody knows the size before; the limit holds all the same.
    @Test func aBodyThatBecomesTooLargeIsRefused() async throws {
        let text = try await connection { connection, authority in
            try await connection.send(head(authority, ["Transfer-Encoding: chunked"]))
            let size = String(Limits.plainBodyBytesMax, radix: 16)
            try await connection.send(
                "\(size)\r\n" + String(repeating: " ", count: Limits.plainBodyBytesMax) + "\r\n")
            // One byte more, so that nothing is on its way when the server closes.
            try await connection.send("1\r\n \r\n")
            return try await connection.rest()
        }
        #expect(text.hasPrefix("HTTP/1.1 413 "), "\(text.prefix(300))")
    }

    @Test func anUnknownKeyIsRefusedBeforeTheBodyIsRead() async throws {
        let key = Credentials(accessKeyID: "AKIAUNKNOWNUNKNOWN12", secretAccessKey: "x")
        let text = try await answer { head($0, key: key, ["Content-Length: 1000000"]) }
        #expect(text.hasPrefix("HTTP/1.1 403 "))
        #expect(text.contains("UnrecognizedClientException"))
    }

    @Test func aBodyInChunksIsTaken() async throws {
        let body = #"{"ProjectName":"chunked"}"#
        let text = try await answer { authority in
            head(authority, body: body, ["Transfer-Encoding: chunked", "Connection: close"])
                + "5\r\n\(body.prefix(5))\r\n"
                + String(body.utf8.count - 5, radix: 16) + "\r\n\(body.dropFirst(5))\r\n0\r\n\r\n"
        }
        #expect(text.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func twoRequestsInOnePacketAreAnsweredInTheirOrder() async throws {
        let text = try await answer { authority in
            "GET /health HTTP/1.1\r\nHost: \(authority)\r\n\r\n"
                + "GET /2020-11-20/nothing HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n\r\n"
        }
        #expect(text.hasPrefix("HTTP/1.1 200 "))
        let rest = text.split(separator: "HTTP/1.1 ", omittingEmptySubsequences: true)
        #expect(rest.map { $0.prefix(3) } == ["200", "404"])
    }

    @Test(arguments: [
        ("/health", "HTTP/1.1 200 "), ("/metrics", "HTTP/1.1 200 "), (projects, "HTTP/1.1 405 "),
    ])
    func anAnswerToHeadHasNoBody(_ path: String, _ status: String) async throws {
        let text = try await answer { authority in
            "HEAD \(path) HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n\r\n"
        }
        #expect(text.hasPrefix(status) && text.hasSuffix("\r\n\r\n"))
        #expect(text.lowercased().contains("content-length: "))
    }

    @Test func optionsListTheMethods() async throws {
        let text = try await answer { authority in
            "OPTIONS \(Self.projects) HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n\r\n"
        }
        #expect(text.hasPrefix("HTTP/1.1 204 "))
        #expect(text.lowercased().contains("allow: get, options, post"))
    }
}
