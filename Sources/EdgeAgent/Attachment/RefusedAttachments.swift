import EdgeProtocol
import GRPCCore
import Logging

/// What answers Attach at the socket of clients, where earlier programs send it.
struct RefusedAttachments: Spotter_Edge_Attachments.SimpleServiceProtocol {
    /// Where models are attached.
    let socket: SocketAddress
    let logger: Logger

    func attach(
        request: RPCAsyncSequence<Spotter_Edge_AttachRequest, any Error>,
        response: RPCWriter<Spotter_Edge_AttachEvent>, context: ServerContext
    ) async throws {
        let message =
            "Models are not attached at the socket of client programs, but at "
            + "unix:\(socket.path), by the agent's user or root. Use the agent's own "
            + "'spotter-edge attach'; a component's begins to do so when it is restarted."
        logger.warning("Attach refused: \(message)")
        throw RPCError(code: .permissionDenied, message: message)
    }
}
