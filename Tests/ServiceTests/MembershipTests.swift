import FoundationEssentials
import Logging
import Service
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct MembershipTests {
    private let clock = ManualClock()
    private let store: AwayStore

    init() throws { store = AwayStore(try SQLiteStore()) }

    private func member(
        _ role: MemberRecord.Role = .server, now: (@Sendable () -> Date)? = nil,
        clock quick: any Clock<Duration> = ContinuousClock()
    ) -> Membership {
        let now = now ?? { [clock] in clock.now }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return Membership(
            own: MemberRecord(
                id: UUID(), role: role, host: "host", version: "1", kinds: ["train"], places: 1,
                started: now()), metadata: store, now: now, clock: quick, logger: logger)
    }

    private func rows() async throws -> [MemberRecord] {
        try await store.base.read { try $0.members(seenSince: Date(timeIntervalSince1970: 0)) }
    }

    @Test func aProcessIsAMemberBeforeItHasSpokenToTheDatabase() {
        #expect(member().members.count == 1)
        #expect(member().serverCount == 1)
        // What is shared out among servers is never divided by nothing.
        #expect(member(.worker).serverCount == 1)
    }

    @Test func membersSeeEachOtherAndCountServersOnly() async throws {
        let all = [member(), member(), member(.worker)]
        for member in all + all { try await member.beat() }
        for member in all {
            #expect(member.members.count == 3)
            #expect(member.serverCount == 2)
        }
        #expect(all[0].members == all[2].members)
    }

    @Test func whoFallsSilentIsGoneAfterTwentySecondsAndItsRowAfterAMinute() async throws {
        let (first, second) = (member(), member())
        try await second.beat()
        try await first.beat()
        var counts: [Int] = []
        for _ in 0..<14 {
            clock.advance(by: 5)
            try await first.beat()
            counts.append(try await rows().count * 10 + first.serverCount)
        }
        // Three looks at 5, 10 and 15 seconds; gone from 20 on, forgotten at 60.
        #expect(counts == [22, 22, 22] + [Int](repeating: 21, count: 8) + [11, 11, 11])
        // It stood still only, and comes back.
        try await second.beat()
        try await first.beat()
        #expect(first.serverCount == 2)
    }

    @Test func whatACrashLeftIsNoMemberForWhoStartsLater() async throws {
        try await member().beat()
        clock.advance(by: 21)
        let late = member()
        try await late.beat()
        #expect(late.serverCount == 1)
    }

    @Test(arguments: [-3600.0, -30, 30, 3600])
    func clocksMayDiffer(seconds: Double) async throws {
        let other = member(now: { [clock] in clock.now.addingTimeInterval(seconds) })
        let own = member()
        for _ in 0..<20 {
            try await other.beat()
            try await own.beat()
            clock.advance(by: 5)
        }
        #expect(own.serverCount == 2)
        #expect(other.serverCount == 2)
        #expect(try await rows().count == 2)
        for _ in 0..<4 {
            try await own.beat()
            clock.advance(by: 5)
        }
        try await own.beat()
        #expect(own.serverCount == 1)
    }

    @Test func aDatabaseThatIsAwayChangesNothing() async throws {
        let (first, second) = (member(), member())
        for member in [first, second, first] { try await member.beat() }
        store.isAway = true
        for _ in 0..<100 {
            clock.advance(by: 5)
            await #expect(throws: StorageError.self) { try await first.beat() }
            #expect(first.serverCount == 2)
        }
        store.isAway = false
        // The other comes back a few seconds later.
        try await first.beat()
        #expect(first.serverCount == 2)
        clock.advance(by: 5)
        try await second.beat()
        try await first.beat()
        #expect(first.serverCount == 2)
        #expect(second.serverCount == 2)
    }

    @Test func aClockThatIsPutBackMakesNobodyImmortal() async throws {
        let (first, second) = (member(), member())
        for member in [first, second, first] { try await member.beat() }
        clock.advance(by: -86_400)
        for _ in 0..<6 {
            try await first.beat()
            clock.advance(by: 5)
        }
        #expect(first.serverCount == 1)
    }

    @Test func itRunsThroughAnOutageAndLeavesInOrder() async throws {
        let membership = member(clock: HastyClock())
        try await member(.worker).beat()
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: membership)], logger: Logger(label: "test")))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await until { membership.members.count == 2 }
            store.isAway = true
            let failures = store.failures
            try await until { self.store.failures > failures + 3 }
            #expect(membership.members.count == 2)
            store.isAway = false
            clock.advance(by: 1)
            let now = clock.now
            try await until {
                try await self.rows().contains { $0.role == .server && $0.seen == now }
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(try await rows().map(\.role) == [.worker])
    }

    private func until(_ isDone: () async throws -> Bool) async throws {
        for _ in 0..<3000 {
            if try await isDone() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("It never happened.")
    }
}

/// Sleeps are short whatever is asked for.
struct HastyClock: Clock {
    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// A store that can be away.
private final class AwayStore: MetadataStore {
    let base: SQLiteStore
    private let state = Mutex((isAway: false, failures: 0))

    init(_ base: SQLiteStore) { self.base = base }

    var changes: MetadataChanges { base.changes }
    var failures: Int { state.withLock { $0.failures } }
    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }

    private func check() throws {
        try state.withLock { state in
            guard state.isAway else { return }
            state.failures += 1
            throw StorageError(.unavailable, "The database is away.")
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try check()
        return try await base.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        try check()
        return try await base.write(body)
    }
}
