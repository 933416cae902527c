import FoundationEssentials
import Simulation
import TestSupport
import Testing

/// Whole lives of a cluster from seeds. `make simulation` runs more of them; a seed that failed is
/// run alone with `SPOTTER_SIMULATION_SEED=NUMBER`.
@Suite(.serialized) struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let first = environment["SPOTTER_SIMULATION_SEED"].flatMap(UInt64.init)
    private static let asked = environment["SPOTTER_SIMULATION_SCHEDULES"].flatMap(Int.init)
    /// Ten seconds on one core, with those of the other test.
    private static let count = asked ?? (first == nil ? 30 : 1)
    /// Simulations at the same time; each uses one core. Other tests need one too.
    private static let lanes = asked == nil ? 1 : max(1, ProcessInfo.processInfo.processorCount)

    @Test func whateverFailsNothingIsLostAndNothingIsDoneTwice() async throws {
        let first = Self.first ?? 1
        let seeds = first..<(first + UInt64(Self.count))
        let totals = try await withThrowingTaskGroup(of: SimulationSummary.self) { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    try await Self.run(seeds.filter { Int($0 - first) % Self.lanes == lane })
                }
            }
            return try await group.reduce(into: SimulationSummary()) { $0.add($1) }
        }
        // A simulation in which nothing happens proves nothing.
        if Self.count >= 30 {
            #expect(totals.finished > Self.count && totals.failed > 0 && totals.crashes > 0)
            #expect(totals.components > Self.count / 4 && totals.newerRows > Self.count)
        }
        if Self.asked != nil { print("\(Self.count) schedules from \(first): \(totals)") }
    }

    /// One after the other.
    private static func run(_ seeds: [UInt64]) async throws -> SimulationSummary {
        let place = try SimulationPlace()
        var total = SimulationSummary()
        for seed in seeds {
            do {
                total.add(try await Simulation.run(seed: seed, in: place))
            } catch let failure as SimulationFailure {
                Issue.record("\(failure)")
            }
        }
        try await place.shutDown()
        return total
    }

    @Test func theSameSeedGivesTheSameSchedule() async throws {
        let place = try SimulationPlace()
        for seed: UInt64 in 1...3 {
            let first = try await Simulation.run(seed: seed, in: place)
            #expect(try await Simulation.run(seed: seed, in: place) == first, "seed \(seed)")
        }
        try await place.shutDown()
    }
}
