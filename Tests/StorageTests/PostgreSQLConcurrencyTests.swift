import FoundationEssentials
import Storage
import TestSupport
import Testing

/// What several servers do to one database at the same time.
@Suite struct PostgreSQLConcurrencyTests {
    static let time = MetadataStoreContract.time

    @Test func twoStoresThatRaceForOneRowLoseNothing() async throws {
        let url = try PostgreSQLServer.shared().database()
        let stores = [try PostgreSQLStore(url: url), try PostgreSQLStore(url: url)]
        let runs = Shared(0)
        try await stores[0].write { try $0.saveSetting("count", Data([0])) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask {
                    try await stores[index % 2].write { transaction in
                        runs.change { $0 += 1 }
                        let value = try transaction.setting("count")?.first ?? 0
                        try transaction.saveSetting("count", Data([value + 1]))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await stores[1].read { try $0.setting("count") } == Data([100]))
        // They did meet, so bodies ran again.
        #expect(runs.value > 100)
    }

    /// Each reads what the other writes: alone both would be right, together they are not.
    @Test func twoTransactionsThatReadEachOthersRowsAreOneAfterTheOther() async throws {
        let store = try PostgreSQLStore(url: PostgreSQLServer.shared().database())
        for round in 0..<20 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (mine, other) in [("a", "b"), ("b", "a")] {
                    group.addTask {
                        try await store.write { transaction in
                            guard try transaction.setting("\(other)\(round)") == nil else { return }
                            try transaction.saveSetting("\(mine)\(round)", Data([1]))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let both = try await store.read {
                [try $0.setting("a\(round)"), try $0.setting("b\(round)")].compactMap { $0 }
            }
            #expect(both.count == 1)
        }
    }

    @Test func eightClaimersTakeEachOf500JobsOnce() async throws {
        let url = try PostgreSQLServer.shared().database()
        let stores = [try PostgreSQLStore(url: url), try PostgreSQLStore(url: url)]
        let ids = (0..<500).map { _ in UUID() }
        try await stores[0].write { transaction in
            for id in ids {
                try transaction.save(
                    JobRecord(id: id, kind: "package", subject: Data(), created: Self.time))
            }
        }
        let runs = Shared(0)
        let claimed = try await withThrowingTaskGroup(of: [UUID].self) { group in
            for index in 0..<8 {
                group.addTask {
                    let (store, owner) = (stores[index % 2], UUID())
                    var mine: [UUID] = []
                    while mine.count < 500 {
                        let id = try await store.write { transaction in
                            runs.change { $0 += 1 }
                            return try Self.claim(transaction, by: owner)
                        }
                        guard let id else { break }
                        mine.append(id)
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(claimed.count == 500)
        #expect(Set(claimed) == Set(ids))
        // Claimers pass each other by: no transaction had to be repeated, and the last of each of
        // the eight found nothing.
        #expect(runs.value == 508)
        let running = try await stores[1].read { try $0.runningJobs() }
        #expect(Set(running.map(\.id)) == Set(ids) && running.allSatisfy { $0.attempt == 1 })
    }

    /// Ten urgent jobs, ten others and ten that can wait for each project, one project after the
    /// other.
    @Test func eightClaimersKeepToPrioritiesAndLetAllProjectsHaveTheirTurn() async throws {
        struct Claim {
            let id: UUID
            let project: String?
            let priority: Int
            let claimer: Int
        }
        let url = try PostgreSQLServer.shared().database()
        let stores = [try PostgreSQLStore(url: url), try PostgreSQLStore(url: url)]
        let jobs = (0..<600).map {
            JobRecord(
                id: UUID(), kind: "package", subject: Data(), project: "p\($0 / 30)",
                priority: $0 % 3, created: Self.time)
        }
        try await stores[0].write { transaction in
            for job in jobs { try transaction.save(job) }
        }
        let (claims, seconds) = (Shared([Claim]()), Shared(0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for claimer in 0..<8 {
                group.addTask {
                    while claims.value.count < 600 {
                        let job = try await stores[claimer % 2].write { transaction -> JobRecord? in
                            guard
                                var job = try transaction.claimableJob(
                                    kinds: ["package"], now: Self.time)
                            else { return nil }
                            seconds.change { $0 += 1 }
                            job.state = .running
                            job.leaseExpiry = Self.time.addingTimeInterval(30)
                            job.claimed = Self.time.addingTimeInterval(Double(seconds.value))
                            try transaction.save(job)
                            return job
                        }
                        guard let job else { break }
                        let claim = Claim(
                            id: job.id, project: job.project, priority: job.priority ?? -1,
                            claimer: claimer)
                        claims.change { $0.append(claim) }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(claims.value.count == 600)
        #expect(Set(claims.value.map(\.id)) == Set(jobs.map(\.id)))
        for claimer in 0..<8 {
            let priorities = claims.value.filter { $0.claimer == claimer }.map(\.priority)
            #expect(priorities == priorities.sorted())
        }
        // At worst all eight take one of a project's jobs before any of them is seen to have it.
        let early = claims.value.prefix(20 * 8 + 8)
        #expect(Set(early.compactMap(\.project)).count == 20)
    }

    /// More claims at once than the candidates of one look.
    @Test func aJobBehindAHundredThatAreJustClaimedIsFound() async throws {
        let url = try PostgreSQLServer.shared().database()
        let claimer = try PostgreSQLStore(url: url)
        let jobs = (0..<101).map { _ in
            JobRecord(id: UUID(), kind: "package", subject: Data(), created: Self.time)
        }
        try await claimer.write { transaction in
            for job in jobs { try transaction.save(job) }
        }
        let isReading = AsyncStream<Void>.makeStream()
        let isOver = Flag("the end of the claim")
        let holder = try PostgreSQLStore(url: url)
        async let held: Void = holder.write { transaction in
            for job in jobs.dropLast() { _ = try transaction.job(job.id) }
            isReading.continuation.yield()
            try isOver.wait()
        }
        var reading = isReading.stream.makeAsyncIterator()
        await reading.next()
        let found = try await claimer.write {
            try $0.claimableJob(kinds: ["package"], now: Self.time)
        }
        isOver.raise()
        #expect(found == jobs.last)
        try await held
    }

    private static func claim(_ transaction: MetadataTransaction, by owner: UUID) throws
        -> UUID?
    {
        guard var job = try transaction.claimableJob(kinds: ["host", "package"], now: time) else {
            return nil
        }
        job.state = .running
        job.attempt += 1
        job.leaseOwner = owner
        job.leaseExpiry = time.addingTimeInterval(30)
        try transaction.save(job)
        return job.id
    }

    /// The row of a job that somebody writes to under its lease cannot be claimed meanwhile, and a
    /// lease that was lost meanwhile shows.
    @Test func aJobThatItsHolderIsWritingToIsPassedBy() async throws {
        let url = try PostgreSQLServer.shared().database()
        let (holder, claimer) = (try PostgreSQLStore(url: url), try PostgreSQLStore(url: url))
        var job = JobRecord(id: UUID(), kind: "train", subject: Data(), created: Self.time)
        job.state = .running
        job.leaseExpiry = Self.time
        let late = Self.time.addingTimeInterval(60)
        try await holder.write { [job] in try $0.save(job) }
        let isReading = AsyncStream<Void>.makeStream()
        let isClaimed = Flag("the other's claim")
        let id = job.id
        async let written: Void = holder.write { transaction in
            _ = try transaction.job(id)
            isReading.continuation.yield()
            try isClaimed.wait()
            try transaction.saveSetting("result", Data([1]))
        }
        var reading = isReading.stream.makeAsyncIterator()
        await reading.next()
        let found = try await claimer.write { try $0.claimableJob(kinds: ["train"], now: late) }
        isClaimed.raise()
        #expect(found == nil)
        try await written
        let after = try await claimer.write { try $0.claimableJob(kinds: ["train"], now: late) }
        #expect(after?.id == job.id)
    }
}
