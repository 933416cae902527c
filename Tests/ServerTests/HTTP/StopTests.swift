import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Server

/// SIGTERM ends what a server computes: runs of graphs went on to their end, up to a minute.
@Suite struct StopTests {
    /// Stands for the HTTP server: ends when it is asked to.
    private struct Listening: Service {
        let onReady: @Sendable () -> Void

        func run() async throws {
            onReady()
            try await gracefulShutdown()
        }
    }

    private struct Failing: Service {
        struct Failure: Error {}

        func run() async throws { throw Failure() }
    }

    private final class Runs: Sendable {
        private let count = Mutex(0)

        var ended: Int { count.withLock { $0 } }

        func end() { count.withLock { $0 += 1 } }
    }

    private func group(_ wrapped: some Service, _ runs: Runs) -> ServiceGroup {
        let logger = LogLines().logger
        let stop = BoundedStop(
            wrapped: wrapped,
            connections: Connections(
                max: 10, perAddressMax: 10, descriptors: 65_536, logger: logger),
            endRuns: { runs.end() })
        return ServiceGroup(services: [stop], logger: logger)
    }

    @Test func runsEndWhenTheLastConnectionHasEnded() async throws {
        let runs = Runs()
        let (ready, continuation) = AsyncStream<Void>.makeStream()
        let group = group(Listening { continuation.finish() }, runs)
        async let ended: Void = group.run()
        for await _ in ready {}
        #expect(runs.ended == 0)
        await group.triggerGracefulShutdown()
        try await ended
        #expect(runs.ended > 0)
    }

    @Test func runsEndWhenTheServerFails() async throws {
        let runs = Runs()
        await #expect(throws: (any Error).self) { try await group(Failing(), runs).run() }
        #expect(runs.ended > 0)
    }
}
