import GRPCCore
import Glibc
import Logging
import NIOCore

/// Who is at the other end of a connection, as the kernel recorded it when they connected.
/// The members lie as in C's `struct ucred`, which Glibc's module does not have.
package struct PeerCredentials: Sendable, Equatable {
    private let process: Int32
    /// Effective user ID.
    package let user: UInt32
    private let group: UInt32

    /// - Parameters:
    ///   - process: process ID; only the log shows it.
    ///   - user: effective user ID.
    ///   - group: effective group ID; nothing depends on it.
    package init(process: Int32, user: UInt32, group: UInt32) {
        self.process = process
        self.user = user
        self.group = group
    }

    /// Whether this user may change what an agent of the user `agent` runs: the user itself, who
    /// could replace the agent's files as well, and root.
    package func mayAttach(toAgentOf agent: UInt32) -> Bool { user == agent || user == 0 }

    /// Closes `connection` unless its peer may attach. Called before anything is read from it.
    static func admit(_ connection: any Channel, _ logger: Logger) -> EventLoopFuture<Void> {
        guard let socket = connection as? any SocketOptionProvider else {
            return refuse(connection, "it is not a socket", logger)
        }
        let answer: EventLoopFuture<PeerCredentials> = socket.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return answer.flatMap { peer in
            guard peer.mayAttach(toAgentOf: geteuid()) else {
                let who = "process \(peer.process) of user \(peer.user)"
                return refuse(
                    connection, "\(who) is neither this agent's user, \(geteuid()), nor root",
                    logger)
            }
            return connection.eventLoop.makeSucceededVoidFuture()
        }
    }

    private static func refuse(_ connection: any Channel, _ reason: String, _ logger: Logger)
        -> EventLoopFuture<Void>
    {
        logger.warning("A connection for attaching was closed: \(reason)")
        connection.close(promise: nil)
        // A failed initializer keeps the connection from gRPC and leaves the listener alone.
        return connection.eventLoop.makeFailedFuture(
            RPCError(code: .permissionDenied, message: reason))
    }
}
