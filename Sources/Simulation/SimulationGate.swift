import FoundationEssentials
import Synchronization

/// A task of the simulation: a client, a place of a worker, a caretaker. Its child tasks count as
/// itself.
struct SimulatedActor: Sendable {
    let number: Int
    let name: String
    /// The process that it belongs to, or that its calls go to.
    let process: Int
    var isClient = false
    /// How far the clock of its machine is off.
    let skewSeconds: TimeInterval
}

/// What somebody who waits is going to do.
struct SimulatedStep: Sendable {
    enum Kind: String, Sendable {
        case read
        case write
        case get
        case put
        case delete
        case head
        case list
        case bucket
        case sleep
    }

    let kind: Kind
    var detail = ""
}

/// What becomes of it.
enum SimulatedVerdict: String, Sendable {
    /// It is done, as in real life nearly always.
    case isDone
    /// It fails and has no effect.
    case fails
    /// It is done, and the acknowledgement is lost.
    case losesAnswer
    /// It is given up, and done some time later.
    case comesLate
    /// It is done twice: a transaction is rolled back and begun again, a request is sent again.
    case isRepeated
    /// The task was cancelled before it.
    case isCancelled
    /// The process has crashed.
    case isDead
}

/// Where every task of a simulation waits before each of its operations, until the schedule lets it
/// through.
final class SimulationGate: Sendable {
    struct Waiting: Sendable {
        let number: Int
        let actor: SimulatedActor
        let step: SimulatedStep
        /// Not before.
        var due: Date
        let continuation: CheckedContinuation<SimulatedVerdict, Never>
    }

    private struct State {
        var now: Date
        var last = 0
        var waiting: [Waiting] = []
        var dead: Set<Int> = []
    }

    private let state: Mutex<State>

    init(start: Date) { state = Mutex(State(now: start)) }

    var now: Date { state.withLock { $0.now } }

    func advance(to date: Date) { state.withLock { $0.now = max($0.now, date) } }

    /// In the order of their arrival.
    var waiting: [Waiting] { state.withLock { $0.waiting } }

    func isDead(_ process: Int) -> Bool { state.withLock { $0.dead.contains(process) } }

    /// Nobody of this process ever does anything again.
    ///
    /// - Returns: what they were going to do.
    func kill(_ process: Int) -> [Waiting] {
        state.withLock { state in
            state.dead.insert(process)
            let killed = state.waiting.filter { $0.actor.process == process }
            state.waiting.removeAll { $0.actor.process == process }
            return killed
        }
    }

    func postpone(_ number: Int, to date: Date) {
        state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
                return
            }
            state.waiting[index].due = date
        }
    }

    func letThrough(_ number: Int, _ verdict: SimulatedVerdict) {
        let waiting = state.withLock { state -> Waiting? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            return state.waiting.remove(at: index)
        }
        waiting?.continuation.resume(returning: verdict)
    }

    /// Waits for the schedule.
    func pass(_ actor: SimulatedActor, _ step: SimulatedStep) async -> SimulatedVerdict {
        let number = nextNumber()
        return await withCheckedContinuation { continuation in
            wait(number, actor, step, seconds: 0, continuation)
        }
    }

    /// - Throws: `CancellationError`, at once, also when the process has crashed.
    func sleep(_ actor: SimulatedActor, seconds: TimeInterval) async throws {
        let number = nextNumber()
        let verdict: SimulatedVerdict = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: .isCancelled)
                } else {
                    wait(number, actor, SimulatedStep(kind: .sleep), seconds: seconds, continuation)
                }
            }
        } onCancel: {
            letThrough(number, .isCancelled)
        }
        guard verdict == .isDone else { throw CancellationError() }
    }

    private func nextNumber() -> Int {
        state.withLock { state in
            state.last += 1
            return state.last
        }
    }

    private func wait(
        _ number: Int, _ actor: SimulatedActor, _ step: SimulatedStep, seconds: TimeInterval,
        _ continuation: CheckedContinuation<SimulatedVerdict, Never>
    ) {
        let isDead = state.withLock { state in
            if state.dead.contains(actor.process) { return true }
            state.waiting.append(
                Waiting(
                    number: number, actor: actor, step: step,
                    due: state.now.addingTimeInterval(seconds), continuation: continuation))
            return false
        }
        if isDead { continuation.resume(returning: .isDead) }
    }
}
