import GRPCCore
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Serves gRPC on every door, and removes the sockets at the end.
struct Listener: Service {
    /// In the order in which they are opened.
    let doors: [Door]
    let changes: ChangeFeed
    let logger: Logger
    let onReady: @Sendable () -> Void

    func run() async throws {
        try await withGracefulShutdownHandler {
            let files = Mutex<[(socket: SocketAddress, identity: SocketAddress.FileIdentity?)]>([])
            defer {
                for (socket, identity) in files.withLock({ $0 }) { socket.remove(identity) }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for door in doors {
                    // Nobody may connect between binding the socket and setting its mode.
                    // Directories keep their search bit: connecting needs the right to write alone.
                    umask(mode_t(0o666 & ~door.mode))
                    group.addTask { try await door.server.serve() }
                    let identity = try await door.open()
                    files.withLock { $0.append((door.socket, identity)) }
                    logger.info("Listening on unix://\(door.socket.path)")
                }
                onReady()
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            changes.close()
            for door in doors { door.server.beginGracefulShutdown() }
        }
    }
}
