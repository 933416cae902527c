import FoundationEssentials

/// The clock by which an actor of a simulation pauses. It stands still while tasks compute.
struct SimulatedClock: Clock {
    struct Instant: InstantProtocol {
        let sinceStart: Duration

        func advanced(by duration: Duration) -> Instant {
            Instant(sinceStart: sinceStart + duration)
        }

        func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }

        static func < (left: Instant, right: Instant) -> Bool {
            left.sinceStart < right.sinceStart
        }
    }

    let gate: SimulationGate
    let actor: SimulatedActor

    var now: Instant { Instant(sinceStart: .seconds(gate.now.timeIntervalSince1970)) }

    var minimumResolution: Duration { .milliseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await gate.sleep(actor, seconds: max(0, now.duration(to: deadline) / .seconds(1)))
    }
}
