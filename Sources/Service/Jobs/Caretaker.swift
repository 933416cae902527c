import FoundationEssentials
import Logging
import ServiceLifecycle
import Storage

/// Removes, again and again, what is no longer needed: jobs that ended long ago, and objects of
/// the state bucket that no row names. Any number of processes may do it at the same time.
package struct Caretaker: Service {
    private let context: ServiceContext

    /// The context gives stores, clock and randomness, so that tests control all three.
    package init(context: ServiceContext) { self.context = context }

    /// Tidies about every `Limits.tidySeconds`, spread by 20 % so that servers take turns, until a
    /// graceful shutdown. A failure is logged and tried again the next time.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await tidy()
                } catch is CancellationError {
                    return
                } catch {
                    context.logger.warning(
                        "What is no longer needed could not be removed",
                        metadata: ["error": "\(error)"])
                }
                try? await context.clock.sleep(
                    for: .seconds(Limits.tidySeconds * (0.8 + 0.4 * context.random())))
            }
        }
    }

    /// One round: ended jobs first, then objects without a row.
    ///
    /// - Throws: The failure of one part after the other part was done.
    package func tidy() async throws {
        let horizon = context.now().addingTimeInterval(-Limits.endedJobSeconds)
        // Neither of the two keeps the other from being done.
        var failure: (any Error)?
        do {
            try await context.metadata.write { try $0.removeJobs(endedBefore: horizon) }
        } catch {
            failure = error
        }
        try await context.state.sweep()
        if let failure { throw failure }
    }
}
