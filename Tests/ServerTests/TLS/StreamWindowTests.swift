import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP2
import NIOHTTPTypes
import Testing

@testable import Server

/// What an HTTP/2 client may send before it has to wait. `test_tls.py` shows with a real client
/// that uploads arrive whole.
@Suite struct StreamWindowTests {
    @Test func aNewConnectionHasMoreRoomThanTheProtocolGives() throws {
        let channel = EmbeddedChannel()
        StreamWindows.open(channel)
        let settings = try #require(try channel.readOutbound(as: HTTP2Frame.self))
        guard case .settings(.settings(let values)) = settings.payload else {
            Issue.record("\(settings.payload) is not the settings.")
            return
        }
        #expect(
            values == [
                HTTP2Setting(parameter: .initialWindowSize, value: StreamWindows.streamBytes)
            ])
        let update = try #require(try channel.readOutbound(as: HTTP2Frame.self))
        guard case .windowUpdate(let increment) = update.payload else {
            Issue.record("\(update.payload) is not an update of the window.")
            return
        }
        #expect(update.streamID == .rootStream)
        #expect(increment + StreamWindows.initialBytes == StreamWindows.connectionBytes)
    }

    /// A stream without a connection, as here, has nobody to tell; its body goes on all the same.
    @Test func aBodyGoesOnWhateverIsTold() throws {
        let channel = EmbeddedChannel(handler: StreamWindowHandler())
        let size = StreamWindows.streamBytes
        let head = HTTPRequest(
            method: .put, scheme: "https", authority: "h", path: "/b/k",
            headerFields: [.contentLength: "\(size)"])
        try channel.writeInbound(HTTPRequestPart.head(head))
        try channel.writeInbound(
            HTTPRequestPart.body(ByteBuffer(repeating: 7, count: size)))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        for _ in 0..<3 { #expect(try channel.readInbound(as: HTTPRequestPart.self) != nil) }
        #expect(try channel.readOutbound(as: HTTP2Frame.self) == nil)
    }
}
