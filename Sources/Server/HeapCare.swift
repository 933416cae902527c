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
            var heap = HeapMemory()
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(HeapMemory.lookSeconds))
                let before = heap
                let (after, given) = try await pool.runIfActive {
                    var heap = before
                    let given = heap.look()
                    return (heap, given)
                }
                heap = after
                if let given {
                    logger.debug(
                        "Freed memory was given back", metadata: ["megabytes": "\(given >> 20)"])
                }
            }
        }
    }
}
