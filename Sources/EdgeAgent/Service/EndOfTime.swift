import Base
import Glibc
import ServiceLifecycle

/// Calls `overdue` some time after the agent was told to end, unless the process is gone by then:
/// neither an operator of a graph nor a file system that hangs can be ended otherwise.
struct EndOfTime: Service {
    let seconds: Double
    let overdue: @Sendable () -> Void

    func run() async throws {
        // Cancelled when another service has failed: the process ends by itself.
        guard (try? await gracefulShutdown()) != nil else { return }
        let (seconds, overdue) = (seconds, overdue)
        // Without a thread the end waits for what computes, as it did before.
        _ = DetachedThread.start {
            usleep(UInt32(seconds * 1_000_000))
            overdue()
        }
    }
}
