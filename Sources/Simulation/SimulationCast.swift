import Base
import FoundationEssentials
import Service
import Storage
import Synchronization
import Vision

/// Who takes part.
extension Simulation {
    /// Processes that have neither crashed nor been stopped.
    var running: [Int] { state.withLock { $0.processes.keys.sorted() } }

    var snapshot: SimulationSnapshot { state.withLock { $0.snapshot } }

    func newActor(_ name: String, process: Int, skewSeconds: TimeInterval) -> SimulatedActor {
        let number = state.withLock { state in
            state.lastActor += 1
            return state.lastActor
        }
        return SimulatedActor(
            number: number, name: name, process: process, skewSeconds: skewSeconds)
    }

    /// 0 to 1.
    func random() -> Double {
        state.withLock { Double($0.random.next() >> 11) / Double(1 << 53) }
    }

    /// - Parameter process: nil for what belongs to none.
    func spawn(process: Int?, _ body: @escaping @Sendable () async -> Void) {
        let executor = executor
        state.withLock { $0.alive += 1 }
        let task = Task(executorPreference: executor) {
            await Shield.$executor.withValue(executor, operation: body)
            self.state.withLock { $0.alive -= 1 }
        }
        if let process { state.withLock { $0.processes[process, default: []].append(task) } }
    }

    func startProcess() {
        let process = state.withLock { state in
            state.lastProcess += 1
            state.processes[state.lastProcess] = []
            return state.lastProcess
        }
        note("process \(process) starts")
        let skew = (random() - 0.5) * 4
        let id = UUID.random()
        let lanes =
            random() < 0.5
            ? WorkerLane.standard : WorkerLane.lanes(Set(JobSubject.Kind.allCases), places: 2)
        for lane in lanes {
            for place in 0..<lane.places {
                let name = "worker \(process).\(lane.kinds.count)\(place)"
                let actor = newActor(name, process: process, skewSeconds: skew)
                spawn(process: process) { [self] in await work(actor, lane, id) }
            }
        }
        let keeper = newActor("keeper \(process)", process: process, skewSeconds: skew)
        spawn(process: process) { [self] in await keep(keeper) }
    }

    func stopProcess(_ process: Int) {
        let tasks = state.withLock { $0.processes.removeValue(forKey: process) } ?? []
        for task in tasks { task.cancel() }
    }

    func startClient(_ number: Int) {
        let actor = newActor("client \(number)", process: 0, skewSeconds: 0)
        state.withLock { $0.clients += 1 }
        spawn(process: nil) { [self] in
            await SimulatedClient(simulation: self, number: number, actor: actor).run()
            state.withLock { $0.clients -= 1 }
        }
    }

    /// A place of a worker, as `Worker.run` has them.
    private func work(_ actor: SimulatedActor, _ lane: WorkerLane, _ id: UUID) async {
        do {
            let context = try context(actor)
            let worker = Worker(context: context, lanes: [lane], id: id)
            while !Task.isCancelled, !gate.isDead(actor.process) {
                let hadJob = (try? await worker.workOnce(on: lane)) ?? false
                if !hadJob { try await context.clock.sleep(for: .seconds(1 + 19 * random())) }
            }
        } catch is CancellationError {
            return
        } catch {
            fail("\(actor.name): \(error)")
        }
    }

    private func keep(_ actor: SimulatedActor) async {
        do {
            let context = try context(actor)
            while true {
                try await context.clock.sleep(for: .seconds(Limits.tidySeconds * random()))
                do { try await Caretaker(context: context).tidy() } catch is StorageError {}
            }
        } catch is CancellationError {
            return
        } catch {
            fail("\(actor.name): \(error)")
        }
    }

    /// Whether it is a life in which processes of a newer version come and go beside the others:
    /// every third.
    var hasNewer: Bool { seed.isMultiple(of: 3) }

    /// Whether a process is one of these: those of even numbers. Clients call servers of this
    /// version.
    private func isNewer(_ process: Int) -> Bool {
        hasNewer && process > 0 && process.isMultiple(of: 2)
    }

    /// What a process works with, as seen by one of its tasks.
    func context(_ actor: SimulatedActor) throws -> ServiceContext {
        let access = SimulatedAccess(
            actor: actor, gate: gate, executor: executor, late: late, effects: effects)
        let store = SimulatedMetadataStore(base: metadata, access: access)
        let objects = SimulatedObjectStore(base: objects, access: access)
        let now: @Sendable () -> Date = { [gate] in
            gate.now.addingTimeInterval(actor.skewSeconds)
        }
        return place.context(
            metadata: isNewer(actor.process) ? NewerMetadataStore(base: store) : store,
            objects: objects, stateBucket: Self.stateBucket, now: now,
            clock: SimulatedClock(gate: gate, actor: actor), random: { [self] in random() })
    }
}
