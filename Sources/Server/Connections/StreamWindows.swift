import HTTPTypes
import NIOCore
import NIOHTTP2
import NIOHTTPTypes

/// How much of a request's body an HTTP/2 client may send before it has to wait for the server.
///
/// Hummingbird leaves the windows at 64 KiB, HTTP/2's own value. With a round trip for each, an
/// upload over a network of 30 ms runs at 2 MB/s, whatever the network can carry.
enum StreamWindows {
    /// Of one stream. So much may lie unread in memory for each, and each counts as a connection.
    static let streamBytes = 256 << 10
    /// Of all streams of a connection together.
    static let connectionBytes = 1 << 20
    /// HTTP/2's own value of both (RFC 9113, section 6.9.2).
    static let initialBytes = 65_535

    /// Tells the client of a new connection, whose own settings were just written.
    static func open(_ connection: any Channel) {
        let setting = HTTP2Setting(parameter: .initialWindowSize, value: streamBytes)
        connection.write(
            HTTP2Frame(streamID: .rootStream, payload: .settings(.settings([setting]))),
            promise: nil)
        connection.writeAndFlush(
            HTTP2Frame(
                streamID: .rootStream,
                payload: .windowUpdate(windowSizeIncrement: connectionBytes - initialBytes)),
            promise: nil)
    }
}

/// Gives an HTTP/2 client back the room of what was read of a request's body. NIO would not before
/// less than 32 KiB are left, and then only up to 64 KiB.
final class StreamWindowHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart

    /// A window must not be told of a stream whose end has come, though it may not have been read
    /// yet. It cannot have while more is to be read than a client may have sent; a half more, since
    /// NIO gives room too until the client knows the larger window.
    private static let unreadMin = StreamWindows.streamBytes * 3 / 2

    /// Of the body, by the request's own words; nothing where it says nothing.
    private var unreadBytes = 0
    /// Read since the client was last told.
    private var readBytes = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            unreadBytes = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
        case .body(let bytes):
            readBytes += bytes.readableBytes
            unreadBytes -= bytes.readableBytes
            if readBytes >= StreamWindows.streamBytes / 4 { giveBack(context.channel) }
        case .end: break
        }
        context.fireChannelRead(data)
    }

    private func giveBack(_ stream: any Channel) {
        guard let connection = stream.parent,
            let id = try? stream.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID)
        else { return }
        let room = HTTP2Frame.FramePayload.windowUpdate(windowSizeIncrement: readBytes)
        if unreadBytes > Self.unreadMin {
            connection.write(HTTP2Frame(streamID: id, payload: room), promise: nil)
        }
        connection.writeAndFlush(
            HTTP2Frame(streamID: .rootStream, payload: room), promise: nil)
        readBytes = 0
    }
}
