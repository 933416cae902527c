import GRPCCore
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Vision

/// The sockets that this process has bound, so that whoever ends it removes them and no other's.
final class BoundSockets: Sendable {
    private let files = Mutex<[(socket: SocketAddress, identity: SocketAddress.FileIdentity?)]>([])

    func add(_ socket: SocketAddress, _ identity: SocketAddress.FileIdentity?) {
        files.withLock { $0.append((socket, identity)) }
    }

    /// Does nothing for those that are gone or that another agent has bound since.
    func remove() {
        for (socket, identity) in files.withLock({ $0 }) { socket.remove(identity) }
    }
}

/// Serves gRPC on every door, and removes the sockets at the end.
struct Listener: Service {
    /// In the order in which they are opened.
    let doors: [Door]
    let sockets: BoundSockets
    let changes: ChangeFeed
    /// Its runs are ended when calls have had their time.
    let runtime: OnnxRuntime
    let logger: Logger
    let onReady: @Sendable () -> Void

    func run() async throws {
        try await withGracefulShutdownHandler {
            defer { sockets.remove() }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for door in doors {
                    // Nobody may connect between binding the socket and setting its mode.
                    // Directories keep their search bit: connecting needs the right to write alone.
                    umask(mode_t(0o666 & ~door.mode))
                    group.addTask {
                        try await door.server.serve()
                        return true
                    }
                    let identity = try await door.open()
                    sockets.add(door.socket, identity)
                    logger.info("Listening on unix://\(door.socket.path)")
                }
                onReady()
                group.addTask {
                    await endLateCalls()
                    return false
                }
                var open = doors.count
                while open > 0, let isDoor = try await group.next() { open -= isDoor ? 1 : 0 }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            changes.close()
            for door in doors { door.server.beginGracefulShutdown() }
        }
    }

    /// Waits for the end of the agent, then for calls; those that compute longer are ended.
    private func endLateCalls() async {
        do {
            try await gracefulShutdown()
            try await Task.sleep(for: .seconds(AgentLimits.drainSeconds))
            runtime.endRuns()
        } catch {
            // All calls have ended before.
        }
    }
}
