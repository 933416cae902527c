import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore

/// One socket of the agent, with what is served on it.
struct Door: Sendable {
    /// With NIO's own watermarks a connection turns unwritable and writable again within one flush
    /// when many calls are refused at once, and the HTTP/2 handler then flushes data frames in the
    /// middle of control frames: an assertion that ends a debug build. A client's flow-control
    /// window bounds what waits to be written.
    private static let writeBuffer = ChannelOptions.Types.WriteBufferWaterMark(
        low: AgentLimits.writeBufferBytesMax / 2, high: AgentLimits.writeBufferBytesMax)

    let socket: SocketAddress
    /// Permissions of the socket.
    let mode: UInt32
    /// nil and the empty text leave the process's own.
    let group: String?
    let server: GRPCServer<HTTP2ServerTransport.Posix>

    /// - Parameter ownerOnly: whether connections of others than this process's user and root are
    ///   closed before anything is read from them.
    init(
        socket: SocketAddress, mode: UInt32, group: String?, requestBytesMax: Int,
        ownerOnly: Bool, services: [any RegistrableRPCService], logger: Logger
    ) {
        self.socket = socket
        self.mode = mode
        self.group = group
        let transport = HTTP2ServerTransport.Posix(
            address: .unixDomainSocket(path: socket.path), transportSecurity: .plaintext,
            config: .defaults { config in
                config.rpc.maxRequestPayloadSize = requestBytesMax
                config.http2.maxConcurrentStreams = AgentLimits.connectionCallsMax
                // Images are large: bigger frames mean fewer of them.
                config.http2.maxFrameSize = 1 << 20
                config.channelDebuggingCallbacks.onAcceptTCPConnection = { connection in
                    let isSet = connection.setOption(
                        .writeBufferWaterMark, value: Self.writeBuffer)
                    guard ownerOnly else { return isSet }
                    return isSet.flatMap { PeerCredentials.admit(connection, logger) }
                }
            })
        server = GRPCServer(transport: transport, services: services)
    }

    /// Binds the socket and sets who may connect. `server.serve()` has to run beside it.
    ///
    /// - Returns: the socket's file, to remove it at the end.
    func open() async throws -> SocketAddress.FileIdentity? {
        _ = try await server.listeningAddress
        let identity = socket.identity
        try socket.permit(mode: mode, group: group)
        return identity
    }
}
