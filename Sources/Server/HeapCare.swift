import Base
import Logging
import NIOPosix
import ServiceLifecycle

/// Gives memory back that trainings, models and large requests have freed.
struct HeapCare: ServiceLifecycle.Service {
    let pool: NIOThreadPool
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await HeapMemory.care(logger) { try await pool.runIfActive($0) }
        }
    }
}
