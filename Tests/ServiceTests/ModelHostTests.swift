import Dispatch
import FoundationEssentials
import Storage
import Synchronization
import TestSupport
import Testing
import Vision
import Wire

@testable import Service

@Suite struct ModelHostTests {
    /// What a small model takes by `ModelMemory`, rounded up.
    private static let modelBytes = SmallModel.side * SmallModel.side * 300 + (4 << 10)

    private static let picture = RGBImage(
        width: SmallModel.side, height: SmallModel.side,
        pixels: [UInt8](repeating: 7, count: SmallModel.side * SmallModel.side * 3))

    private func score(_ host: ModelHost, _ model: ModelRecord) async throws -> Double {
        try await host.run(model, bytes: 0) { try $0.detect(Self.picture).score }
    }

    private func fixture(
        models: Int, room: Int, keepsModels: Bool = true,
        clock: any Clock<Duration> = ContinuousClock()
    ) async throws -> ModelFixture {
        let fixture = try ModelFixture(
            bytesMax: Self.modelBytes * room, keepsModels: keepsModels, hostClock: clock)
        for version in 1...models { try await fixture.createOlderModel(version, .hosted) }
        return fixture
    }

    private func model(_ fixture: ModelFixture, _ version: Int) async throws -> ModelRecord {
        try #require(try await fixture.model(version))
    }

    @Test func callsThatComeTogetherLoadAModelOnce() async throws {
        let fixture = try await fixture(models: 1, room: 4)
        try await fixture.change { $0.maxInferenceUnits = 8 }
        let (model, host) = (try await model(fixture, 1), fixture.context.host)
        let reads = Mutex(0)
        fixture.stateObjects.watch { _, location in
            if location.key.hasSuffix("model.onnx") { reads.withLock { $0 += 1 } }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await withThrowingTaskGroup(of: Double.self) { group in
            for _ in 0..<16 { group.addTask { try await score(host, model) } }
            for try await value in group { #expect(value == 7) }
        }
        #expect(reads.withLock { $0 } == 1 && host.memory.loads == 1)
    }

    @Test func aLoadThatFailsFailsThoseWhoWaitForItAndTheNextTriesAgain() async throws {
        let fixture = try await fixture(models: 1, room: 4)
        try await fixture.change { $0.maxInferenceUnits = 4 }
        let (model, host) = (try await model(fixture, 1), fixture.context.host)
        fixture.stateFaults.fail(.get, times: .max)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    await #expect(throws: StorageError.self) { try await score(host, model) }
                }
            }
        }
        #expect(host.memory.models == 0 && host.memory.bytes == 0)
        fixture.stateFaults.fail(.get, times: 0)
        #expect(try await score(host, model) == 7)
    }

    @Test func modelsThatWereUsedLongAgoMakeRoomForOthers() async throws {
        let fixture = try await fixture(models: 3, room: 2)
        let host = fixture.context.host
        for version in [1, 2, 1, 3] {
            #expect(try await score(host, try await model(fixture, version)) == 7)
        }
        #expect(Set(host.keys.map(\.version)) == [1, 3])
        #expect(host.memory.loads == 3 && host.memory.evictions == 1)
        #expect(host.memory.bytes <= host.memory.bytesMax)
    }

    @Test(.timeLimit(.minutes(10))) func aCallWaitsForRoomUntilAModelInUseIsAtRest() async throws {
        let clock = HeldClock()
        let fixture = try await fixture(models: 2, room: 1, clock: clock)
        let host = fixture.context.host
        let (first, second) = (try await model(fixture, 1), try await model(fixture, 2))
        let use = Use()
        async let one: Void = host.run(first, bytes: 0) { _ in try use.last() }
        await use.begun()
        let loads = host.memory.loads
        async let other = score(host, second)
        // It has asked for its files, found no room, and waits.
        await clock.sleeperCame()
        #expect(host.keys.map(\.version) == [1] && host.memory.loads == loads)
        use.end()
        try await one
        clock.open()
        #expect(try await other == 7)
        #expect(host.keys.map(\.version) == [2])
    }

    @Test(.timeLimit(.minutes(10))) func aCallThatFindsNoRoomForFiveSecondsIsThrottled()
        async throws
    {
        let clock = HeldClock()
        clock.open()
        let fixture = try await fixture(models: 2, room: 1, clock: clock)
        let host = fixture.context.host
        let (first, second) = (try await model(fixture, 1), try await model(fixture, 2))
        let use = Use()
        async let one: Void = host.run(first, bytes: 0) { _ in try use.last() }
        await use.begun()
        let error = await #expect(throws: WireError.self) { try await score(host, second) }
        #expect(error?.code == .throttling)
        #expect(error?.message.contains("--limit hosted-model-bytes") == true)
        use.end()
        try await one
        #expect(try await score(host, second) == 7)
    }

    @Test func aWorkerOnlyTriesWhetherAModelLoads() async throws {
        let fixture = try await fixture(models: 1, room: 1, keepsModels: false)
        try await fixture.change { $0.status = .trained }
        try await fixture.work(.startHosting(project: "p", version: 1))
        #expect(try await fixture.model()?.status == .hosted)
        let memory = fixture.context.host.memory
        #expect(memory.loads == 1 && memory.models == 0 && memory.bytes == 0)
    }

    // MARK: Several processes

    @Test func aModelThatAnotherProcessStoppedLeavesMemory() async throws {
        let fixture = try await fixture(models: 1, room: 4)
        try await fixture.change { $0.status = .trained }
        try await fixture.work(.startHosting(project: "p", version: 1))
        let other = fixture.sibling()
        #expect(try await score(other.host, try await model(fixture, 1)) == 7)
        let watch = HostingWatch(context: other)
        _ = try await watch.look()
        #expect(other.host.memory.models == 1)
        try await fixture.work(.stopHosting(project: "p", version: 1))
        #expect(fixture.context.host.memory.models == 0)
        _ = try await watch.look()
        #expect(other.host.memory.models == 0)
    }

    @Test func modelsThatBecomeHostedAreLoadedWhileThereIsRoom() async throws {
        let fixture = try await fixture(models: 3, room: 2)
        try await fixture.change(3) { $0.status = .trained }
        let other = fixture.sibling(bytesMax: Self.modelBytes * 2)
        let watch = HostingWatch(context: other)
        await watch.warm(try await watch.look())
        #expect(Set(other.host.keys.map(\.version)) == [1, 2])
        #expect(try await watch.look().isEmpty)
        try await fixture.change(3) { $0.status = .hosted }
        await watch.warm(try await watch.look())
        // Nothing that is there goes for it before somebody calls it.
        #expect(Set(other.host.keys.map(\.version)) == [1, 2])
        #expect(other.host.memory.evictions == 0)
        #expect(try await score(other.host, try await model(fixture, 3)) == 7)
        #expect(other.host.keys.contains { $0.version == 3 })
    }

    @Test func aModelThatIsBeingStartedIsLeftInMemory() async throws {
        let fixture = try await fixture(models: 1, room: 2)
        try await fixture.change { $0.status = .startingHosting }
        let host = fixture.context.host
        try await host.load(try await model(fixture, 1))
        let watch = HostingWatch(context: fixture.context)
        _ = try await watch.look()
        #expect(host.memory.models == 1)
        try await fixture.metadata.write { try $0.removeModel("p", 1) }
        _ = try await watch.look()
        #expect(host.memory.models == 0)
    }

    @Test func theWatchActsByItselfAndEndsWhenItIsCancelled() async throws {
        let fixture = try await fixture(models: 2, room: 4)
        let (context, host) = (fixture.context, fixture.context.host)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await HostingWatch(context: context).run() }
            await until { host.memory.models == 2 }
            try? await fixture.change(1) { $0.status = .trained }
            await until { host.memory.models == 1 }
            group.cancelAll()
        }
        #expect(host.keys.map(\.version) == [2])
    }

    private func until(_ isTrue: @Sendable () -> Bool) async {
        for _ in 0..<1000 where !isTrue() { try? await Task.sleep(for: .milliseconds(10)) }
        #expect(isTrue())
    }

    /// A use of a model that lasts until the test ends it.
    private final class Use: Sendable {
        struct NeverEnded: Error {}

        private let beginning = AsyncStream<Void>.makeStream()
        private let isOver = DispatchSemaphore(value: 0)

        /// On the thread of the pool that runs the model.
        func last() throws {
            beginning.continuation.yield()
            guard isOver.wait(timeout: .now() + .seconds(60)) == .success else {
                throw NeverEnded()
            }
        }

        func begun() async { for await _ in beginning.stream { return } }

        func end() { isOver.signal() }
    }
}
