import FoundationEssentials
import Vision

/// Decides what happens next in a simulation, from a seed. Pure.
struct SimulationSchedule {
    enum Move: Sendable {
        /// Somebody does what they wait for.
        case letThrough(Int, SimulatedVerdict)
        /// An operation that takes long: others go first.
        case postpone(Int, Date)
        /// Nothing happens for a while.
        case advance(Date)
        /// An operation that was given up is done after all.
        case finishLate(Int)
        case start
        /// A process gives its jobs back and ends.
        case stop(Int)
        /// A process is killed: its tasks end where they are.
        case crash(Int)
        /// There is nothing left to be done.
        case nothing
    }

    /// How much goes wrong; every schedule has its own measure.
    private struct Rates {
        var fault = 0.0
        var slow = 0.0
        var pause = 0.0
        var crash = 0.0
        var stop = 0.0
        var outage = 0.0
        var advance = 0.0
        /// How often an actor goes on that has just done something.
        var sticky = 0.0
        var day = 0.0
    }

    private static let faults: [SimulatedVerdict] = [
        .fails, .losesAnswer, .comesLate, .isRepeated,
    ]

    /// Ends everything that goes wrong, so that what was begun comes to its end.
    var isQuiet = false
    /// Processes that there are when none has just crashed.
    let processes: Int
    private let rates: Rates
    private var random: SeededRandom
    private var pauses: [Int: Date] = [:]
    private var outageEnd = Date.distantPast
    private var outageSpares = SimulatedStep.Kind.sleep
    private var last = -1

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func pick(_ values: [Double]) -> Double {
            values[Int(random.next() % UInt64(values.count))]
        }
        processes = 2 + Int(random.next() % 2)
        rates = Rates(
            fault: pick([0, 0.01, 0.03, 0.1]), slow: pick([0, 0.02, 0.1]),
            pause: pick([0, 0.005, 0.02]), crash: pick([0, 0.002, 0.01]),
            stop: pick([0, 0.002]), outage: pick([0, 0.001]), advance: pick([0.02, 0.06, 0.15]),
            sticky: pick([0, 0.5, 0.9]), day: pick([0, 0, 0, 0.0005]))
        self.random = random
    }

    private mutating func unit() -> Double { Double(random.next() >> 11) / Double(1 << 53) }

    private mutating func happens(_ rate: Double) -> Bool { rate > 0 && unit() < rate }

    private mutating func seconds(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + unit() * (range.upperBound - range.lowerBound)
    }

    private mutating func index(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }

    /// - Parameters:
    ///   - running: processes that have neither crashed nor been stopped.
    ///   - late: operations that were given up and may still be done.
    mutating func move(
        waiting: [SimulationGate.Waiting], now: Date, running: [Int], late: Int
    ) -> Move {
        if late > 0, isQuiet || happens(0.1) { return .finishLate(index(late)) }
        if running.count < processes, isQuiet || happens(0.03) { return .start }
        if !isQuiet, let move = mishap(waiting, now, running, late) { return move }
        let ready = waiting.filter { $0.due <= now && !isPaused($0.actor, now) }
        guard !ready.isEmpty else {
            guard let first = waiting.map({ max($0.due, pauseEnd($0.actor)) }).min() else {
                return .nothing
            }
            return .advance(first.addingTimeInterval(seconds(0...0.1)))
        }
        if happens(rates.advance) { return .advance(now.addingTimeInterval(seconds(0.1...8))) }
        let same = ready.filter { $0.actor.number == last }
        let next =
            !same.isEmpty && happens(rates.sticky)
            ? same[index(same.count)] : ready[index(ready.count)]
        last = next.actor.number
        return move(next, now)
    }

    /// What befalls processes and machines.
    private mutating func mishap(
        _ waiting: [SimulationGate.Waiting], _ now: Date, _ running: [Int], _ late: Int
    ) -> Move? {
        if !running.isEmpty, happens(rates.crash) { return .crash(running[index(running.count)]) }
        if !running.isEmpty, happens(rates.stop) { return .stop(running[index(running.count)]) }
        if happens(rates.day), !isWriting(waiting, late) {
            return .advance(now.addingTimeInterval(seconds(40_000...200_000)))
        }
        if !waiting.isEmpty, happens(rates.pause) {
            let actor = waiting[index(waiting.count)].actor.number
            pauses[actor] = now.addingTimeInterval(seconds(1...120))
        }
        if now >= outageEnd, happens(rates.outage) {
            outageEnd = now.addingTimeInterval(seconds(1...60))
            outageSpares = happens(0.5) ? .write : .put
        }
        return nil
    }

    /// No day goes by where nothing can be promised: an object that is written a day after it was
    /// noted stays where it is, and a client that asks again a day later is taken for another.
    private func isWriting(_ waiting: [SimulationGate.Waiting], _ late: Int) -> Bool {
        late > 0
            || waiting.contains { waiting in
                switch waiting.step.kind {
                case .put, .bucket: true
                case .sleep: false
                default: waiting.actor.isClient
                }
            }
    }

    private func pauseEnd(_ actor: SimulatedActor) -> Date {
        isQuiet ? .distantPast : pauses[actor.number] ?? .distantPast
    }

    private func isPaused(_ actor: SimulatedActor, _ now: Date) -> Bool { pauseEnd(actor) > now }

    private mutating func move(_ next: SimulationGate.Waiting, _ now: Date) -> Move {
        if next.step.kind == .sleep || isQuiet { return .letThrough(next.number, .isDone) }
        if now < outageEnd {
            let isMetadata = next.step.kind == .read || next.step.kind == .write
            if isMetadata != (outageSpares == .write) { return .letThrough(next.number, .fails) }
        }
        if happens(rates.slow) {
            return .postpone(next.number, now.addingTimeInterval(seconds(0.5...45)))
        }
        guard happens(rates.fault) else { return .letThrough(next.number, .isDone) }
        let isChange = SimulatedAccess.changes(next.step.kind)
        return .letThrough(next.number, isChange ? Self.faults[index(Self.faults.count)] : .fails)
    }

    /// What becomes of an operation whose process has just crashed: the request may be on its way.
    mutating func outlivesCrash() -> Bool { happens(0.5) }
}
