import FoundationEssentials
import NIOPosix
import Service
import Storage
import Synchronization
import TestSupport
import Vision

/// What a simulation found, with all that is needed to see it again.
package struct SimulationFailure: Error, CustomStringConvertible {
    /// `Simulation.run` with the same seed fails in the same way.
    package let seed: UInt64
    /// How many decisions had been made.
    package let step: Int
    /// The rule that was broken, and by what.
    package let reason: String
    /// What was done before, the newest last; 40 at most.
    package let events: [String]

    /// All of it, in lines.
    package var description: String {
        """
        The simulation with the seed \(seed) failed at step \(step): \(reason)
        What happened before it:
          \(events.joined(separator: "\n  "))
        """
    }
}

/// What a simulation did, or several together.
package struct SimulationSummary: Sendable, Equatable {
    /// Decisions about who goes on and what becomes of it.
    package var steps = 0
    /// Jobs that ended well.
    package var finished = 0
    /// Jobs that failed, or were cancelled with their project.
    package var failed = 0
    /// Component versions in the registry at the end.
    package var components = 0
    /// Processes that were killed.
    package var crashes = 0
    /// Rows at the end that processes of a newer version have written to.
    package var newerRows = 0
    /// A digest of who did what, in which order, and what became of it.
    package var trace: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Nothing was done.
    package init() {}

    /// Adds what another simulation did; the order of additions does not matter.
    package mutating func add(_ other: SimulationSummary) {
        steps += other.steps
        finished += other.finished
        failed += other.failed
        components += other.components
        crashes += other.crashes
        newerRows += other.newerRows
        trace ^= other.trace
    }
}

/// Clients, servers and workers of a cluster in one thread, on a clock that stands still, with
/// stores, machines and processes that fail: which of them does its next step, and what becomes of
/// it, comes from a seed. After every step `SimulationRules` must hold.
///
/// Everything is as in a server, except for what is outside of the processes (stores in memory),
/// and the computing of a training (`SimulatedTraining`).
package final class Simulation: Sendable {
    private static let eventsMax = 40
    private static let stepsMax = 3_000
    /// More than any schedule takes once nothing goes wrong any more.
    private static let quietStepsMax = 6_000
    static let stateBucket = "state"
    static let userBucket = "user"

    struct State {
        var random: SeededRandom
        var processes: [Int: [Task<Void, Never>]] = [:]
        var lastProcess = 0
        var lastActor = 0
        /// Tasks that have not ended.
        var alive = 0
        var clients = 0
        var failure: String?
        var events: [String] = []
        var summary = SimulationSummary()
        var snapshot = SimulationSnapshot()
    }

    let seed: UInt64
    let gate = SimulationGate(start: Date(timeIntervalSince1970: 1_770_000_000))
    let metadata: SQLiteStore
    let objects = MemoryObjectStore()
    let executor: SimulationExecutor
    let late = LateOperations()
    let effects = SimulatedEffects()
    let place: SimulationPlace
    let state: Mutex<State>

    private init(seed: UInt64, place: SimulationPlace) throws {
        self.seed = seed
        self.place = place
        metadata = try SQLiteStore()
        executor = SimulationExecutor(pool: place.pool)
        state = Mutex(State(random: SeededRandom(seed: seed ^ 0x51_AB1E)))
    }

    /// - Throws: `SimulationFailure`.
    package static func run(seed: UInt64, in place: SimulationPlace) async throws
        -> SimulationSummary
    {
        let simulation = try Simulation(seed: seed, place: place)
        let executor = simulation.executor
        let work = Task(executorPreference: executor) {
            defer { executor.end() }
            return await simulation.runAll()
        }
        try await place.thread.runIfActive { executor.run() }
        let reason = await work.value
        return try simulation.state.withLock { state in
            if let reason {
                throw SimulationFailure(
                    seed: seed, step: state.summary.steps, reason: reason, events: state.events)
            }
            return state.summary
        }
    }

    // MARK: The schedule

    /// - Returns: what went wrong.
    private func runAll() async -> String? {
        var schedule = SimulationSchedule(seed: seed)
        var rules = SimulationRules(
            objects: objects, stateBucket: Self.stateBucket, hasNewer: hasNewer)
        var reason: String?
        do {
            try await SimulatedClient.prepare(self)
            for _ in 0..<schedule.processes { startProcess() }
            for number in 0..<(1 + Int(seed % 2)) { startClient(number) }
            try await runSteps(&schedule, &rules)
        } catch let violation as SimulationViolation {
            reason = violation.reason
        } catch {
            reason = "\(error)"
        }
        await endAll()
        return reason
    }

    private func runSteps(
        _ schedule: inout SimulationSchedule, _ rules: inout SimulationRules
    ) async throws {
        var seen = -1
        var quietSince: Int?
        while true {
            await executor.idle()
            if let failure = state.withLock({ $0.failure }) { throw SimulationViolation(failure) }
            if effects.count != seen {
                seen = effects.count
                try await rules.check(metadata)
                state.withLock { $0.snapshot = rules.snapshot }
            }
            let (step, clients) = state.withLock { state in
                state.summary.steps += 1
                return (state.summary.steps, state.clients)
            }
            let isIdle = clients == 0 && !rules.snapshot.jobs.values.contains(where: \.isOpen)
            if clients == 0 || step > Self.stepsMax, !schedule.isQuiet {
                schedule.isQuiet = true
                quietSince = step
                note("From now on nothing goes wrong.")
            }
            if schedule.isQuiet, isIdle, late.count == 0 { break }
            if let quietSince, step - quietSince > Self.quietStepsMax {
                let open = rules.snapshot.jobs.values.filter(\.isOpen)
                throw SimulationViolation("Jobs do not end: \(open).")
            }
            await perform(
                schedule.move(
                    waiting: gate.waiting, now: gate.now, running: running, late: late.count),
                &schedule)
        }
        try await rest(&rules)
    }

    /// Everything has ended: lets a day go by and looks at what is left.
    private func rest(_ rules: inout SimulationRules) async throws {
        for process in running { stopProcess(process) }
        await drain()
        gate.advance(to: gate.now.addingTimeInterval(Limits.stagedObjectSeconds + 60))
        let keeper = newActor("keeper", process: 0, skewSeconds: 0)
        try await rules.check(metadata, all: true)
        spawn(process: nil) { [self] in
            do {
                try await Caretaker(context: try context(keeper)).tidy()
            } catch {
                fail("What is left could not be removed: \(error)")
            }
        }
        await drain()
        if let failure = state.withLock({ $0.failure }) { throw SimulationViolation(failure) }
        try await rules.check(metadata, all: true)
        try rules.checkRest()
        let jobs = rules.endedJobs
        state.withLock { state in
            state.summary.finished = jobs.count { $0.state == .finished }
            state.summary.failed = jobs.count { $0.state == .failed }
            state.summary.components = rules.snapshot.components.count
            state.summary.newerRows = rules.snapshot.newer.with.count
        }
    }

    /// Lets everybody who waits do what they wait for, until nobody does.
    private func drain() async {
        while true {
            await executor.idle()
            guard let next = gate.waiting.first else { return }
            gate.letThrough(next.number, .isDone)
        }
    }

    /// Lets every task end, whatever it was doing.
    private func endAll() async {
        let processes = state.withLock { $0.lastProcess }
        for process in 0...processes {
            for killed in gate.kill(process) { killed.continuation.resume(returning: .isDead) }
        }
        for tasks in state.withLock({ $0.processes }).values { for task in tasks { task.cancel() } }
        while state.withLock({ $0.alive }) > 0 { await executor.idle() }
    }

    private func perform(
        _ move: SimulationSchedule.Move, _ schedule: inout SimulationSchedule
    ) async {
        switch move {
        case .letThrough(let number, let verdict):
            if let waiting = gate.waiting.first(where: { $0.number == number }) {
                trace(waiting, verdict)
            }
            gate.letThrough(number, verdict)
        case .postpone(let number, let date): gate.postpone(number, to: date)
        case .advance(let date): gate.advance(to: date)
        case .finishLate(let index):
            let operation = late.take(index)
            note("\(operation.name) is done, late")
            await operation.run()
        case .start: startProcess()
        case .stop(let process):
            note("process \(process) stops")
            stopProcess(process)
        case .crash(let process):
            note("process \(process) crashes")
            state.withLock { $0.summary.crashes += 1 }
            let tasks = state.withLock { $0.processes.removeValue(forKey: process) } ?? []
            for killed in gate.kill(process) {
                let isOnItsWay = killed.step.kind != .sleep && schedule.outlivesCrash()
                killed.continuation.resume(returning: isOnItsWay ? .comesLate : .isDead)
            }
            for task in tasks { task.cancel() }
        case .nothing: fail("Nobody has anything to do, and not all is done.")
        }
    }

    private func trace(_ waiting: SimulationGate.Waiting, _ verdict: SimulatedVerdict) {
        state.withLock { state in
            for part in [waiting.actor.name, waiting.step.kind.rawValue, verdict.rawValue] {
                for byte in part.utf8 {
                    state.summary.trace = (state.summary.trace ^ UInt64(byte)) &* 0x100_0000_01B3
                }
            }
        }
        guard waiting.step.kind != .sleep else { return }
        note(
            "\(waiting.actor.name) \(waiting.step.kind.rawValue) \(waiting.step.detail)"
                + (verdict == .isDone ? "" : " \(verdict.rawValue)"))
    }

    func note(_ event: String) {
        let seconds = Int(gate.now.timeIntervalSince1970) % 1_000_000
        state.withLock { state in
            state.events.append("\(state.summary.steps) \(seconds)s \(event)")
            if state.events.count > Self.eventsMax { state.events.removeFirst() }
        }
    }

    func fail(_ reason: String) {
        state.withLock { if $0.failure == nil { $0.failure = reason } }
    }
}
