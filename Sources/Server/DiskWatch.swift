import Base
import Logging
import NIOPosix
import ServiceLifecycle

/// Keeps the reserve of the disk, and says in the log when there is no room and when there is
/// again.
struct DiskWatch: ServiceLifecycle.Service {
    /// Somebody who finds the disk full does not remove things sooner.
    private static let seconds = 1.0

    let reserve: DiskReserve
    let pool: NIOThreadPool
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var wasFull = false
            while !Task.isCancelled {
                let isFull = try await pool.runIfActive { reserve.keep() }
                if isFull, !wasFull {
                    logger.error(
                        "The disk of the data directory is full: nothing large is taken any more")
                } else if wasFull, !isFull {
                    logger.notice("The disk of the data directory has room again")
                }
                wasFull = isFull
                try await Task.sleep(for: .seconds(Self.seconds))
            }
        }
    }
}
