import FoundationEssentials
import Storage
import Testing
import Wire

/// What every `MetadataStore` must do for many workers and servers.
enum ClusterContract {
    private struct Failure: Error {}

    static let time = MetadataStoreContract.time

    /// - Parameter isListening: returns when the store hears of its own writes.
    static func all(
        _ store: some MetadataStore, isListening: (MetadataChanges) async -> Void
    ) async throws {
        try await jobsOfTheLowestPriorityGoFirst(store)
        try await projectsTakeTurns(store)
        try await theProjectThatWaitedLongestGoesFirst(store)
        try await noJobWaitsForAClockThatWasAhead(store)
        try await lostAndPausedJobsHaveTheirTurn(store)
        try await jobsKeepTheirProjectAndPriority(store)
        try await componentsAreKeptByNameAndVersion(store)
        try await stagedObjectsAreOldestFirst(store)
        try await membersAreThoseThatWereSeen(store)
        try await theClockGoesOn(store)
        try await detectionsOfADayAddUpAndGoWithTheirProject(store)
        await isListening(store.changes)
        try await whatIsWrittenIsTold(store)
        try await whatIsRolledBackIsNotTold(store)
        await nobodyWaitsForEver(store.changes)
    }

    private static func job(
        _ kind: String, _ project: String?, priority: Int? = 1,
        _ change: (inout JobRecord) -> Void = { _ in }
    ) -> JobRecord {
        var job = JobRecord(
            id: UUID(), kind: kind, subject: Data(), project: project, priority: priority,
            created: time)
        change(&job)
        return job
    }

    /// Takes jobs one after the other, one second each, as the only worker does.
    ///
    /// - Returns: their ids, in the order of claiming.
    private static func claimAll(
        _ store: some MetadataStore, _ kind: String, from second: Int = 0
    ) async throws -> [UUID] {
        var ids: [UUID] = []
        while ids.count < 100 {
            let now = time.addingTimeInterval(Double(second + ids.count))
            let id = try await store.write { transaction -> UUID? in
                guard var job = try transaction.claimableJob(kinds: [kind], now: now) else {
                    return nil
                }
                job.state = .finished
                job.claimed = now
                try transaction.save(job)
                return job.id
            }
            guard let id else { break }
            ids.append(id)
        }
        return ids
    }

    private static func save(_ store: some MetadataStore, _ jobs: [JobRecord]) async throws {
        try await store.write { transaction in
            for job in jobs { try transaction.save(job) }
        }
    }

    private static func jobsOfTheLowestPriorityGoFirst(_ store: some MetadataStore) async throws {
        // The one without a priority has that of the schema, two.
        let jobs = [3, 1, nil, 0, 1].map { job("priority", "p", priority: $0) }
        try await save(store, jobs)
        #expect(
            try await claimAll(store, "priority") == [3, 1, 4, 2, 0].map { jobs[$0].id })
    }

    private static func projectsTakeTurns(_ store: some MetadataStore) async throws {
        let many = (0..<20).map { _ in job("turns", "many") }
        let few = (0..<2).map { _ in job("turns", "few") }
        try await save(store, many + few)
        let order = try await claimAll(store, "turns")
        #expect(
            order == [many[0], few[0], many[1], few[1]].map(\.id) + many.dropFirst(2).map(\.id))
    }

    private static func theProjectThatWaitedLongestGoesFirst(_ store: some MetadataStore)
        async throws
    {
        // Ended and running attempts of any kind count, in their own time and not in that of rows.
        let served = [("early", 30.0), ("late", 50.0), ("early", 10.0)].map { project, second in
            job("else", project) {
                $0.state = .finished
                $0.claimed = time.addingTimeInterval(second)
            }
        }
        let jobs = ["late", "never", "early"].map { job("waited", $0) }
        // An urgent one goes first all the same.
        let urgent = job("waited", "late", priority: 0)
        try await save(store, served + jobs + [urgent])
        #expect(
            try await claimAll(store, "waited", from: 100)
                == [urgent, jobs[1], jobs[2], jobs[0]].map(\.id))
    }

    private static func noJobWaitsForAClockThatWasAhead(_ store: some MetadataStore) async throws {
        let ahead = time.addingTimeInterval(86_400)
        let jobs = [
            job("ahead", "p") { $0.notBefore = ahead },
            job("ahead", "p") {
                $0.state = .running
                $0.leaseExpiry = ahead
            },
            job("ahead", "p") { $0.notBefore = time.addingTimeInterval(JobRecord.waitSecondsMax) },
        ]
        try await save(store, jobs)
        #expect(try await claimAll(store, "ahead") == jobs.prefix(2).map(\.id))
    }

    private static func lostAndPausedJobsHaveTheirTurn(_ store: some MetadataStore) async throws {
        let lost = job("lost", "lost") {
            $0.state = .running
            $0.leaseExpiry = time.addingTimeInterval(-1)
        }
        let held = job("lost", "held", priority: 0) {
            $0.state = .running
            $0.leaseExpiry = time.addingTimeInterval(200)
        }
        let paused = job("lost", "paused", priority: 0) {
            $0.notBefore = time.addingTimeInterval(200)
        }
        let jobs = [job("lost", "other", priority: 2), lost, held, paused]
        try await save(store, jobs)
        #expect(try await claimAll(store, "lost") == [lost.id, jobs[0].id])
        #expect(try await claimAll(store, "lost", from: 201) == [held.id, paused.id])
        let none = try await store.write { try $0.claimableJob(kinds: ["x", "y"], now: time) }
        #expect(none == nil)
    }

    private static func jobsKeepTheirProjectAndPriority(_ store: some MetadataStore) async throws {
        let jobs = [
            job("open", "open"), job("open", "open") { $0.state = .running },
            job("open", "open") { $0.state = .failed }, job("open", "elsewhere"),
            job("open", "open", priority: nil),
        ]
        try await save(store, jobs)
        #expect(
            try await store.read { try $0.openJobs(project: "open") } == [
                jobs[0], jobs[1], jobs[4],
            ]
        )
        // A program that knows neither leaves them out when it saves the job again.
        var known = jobs[0]
        (known.project, known.priority) = (nil, nil)
        try await store.write { [known] in try $0.save(known) }
        #expect(try await store.read { try $0.openJobs(project: "open") }.first == known)
        #expect(try await claimAll(store, "open").first == known.id)
    }

    private static func componentsAreKeptByNameAndVersion(_ store: some MetadataStore) async throws
    {
        @Sendable func row(_ name: String, _ version: String, _ text: String = "{}") -> ComponentRow
        {
            ComponentRow(
                name: name, version: version, document: Data(text.utf8),
                recipe: Data("{\"ü\": \"\(text.count)\"}\n".utf8))
        }
        try await store.write { transaction in
            for (name, version) in [("b", "1.0.0"), ("a", "2.0.0"), ("b", "1.0.1"), ("c", "1.0.0")]
            {
                try transaction.save(row(name, version))
            }
            try transaction.save(row("b", "1.0.1", #"{"new":true}"#))
        }
        #expect(
            try await store.read { try $0.component("b", "1.0.1") }
                == row("b", "1.0.1", #"{"new":true}"#))
        #expect(try await store.read { try $0.component("b", "2.0.0") } == nil)
        #expect(try await store.read { try $0.componentNames(after: nil, limit: 2) } == ["a", "b"])
        #expect(try await store.read { try $0.componentNames(after: "b", limit: 2) } == ["c"])
        #expect(
            Set(try await store.read { try $0.componentVersions("b") }) == ["1.0.0", "1.0.1"])
        try await store.write { try $0.removeComponent("b", "1.0.0") }
        #expect(try await store.read { try $0.componentVersions("b") } == ["1.0.1"])
        try await store.write { try $0.removeComponent("b", "1.0.1") }
        #expect(try await store.read { try $0.componentNames(after: nil, limit: 9) } == ["a", "c"])
    }

    private static func stagedObjectsAreOldestFirst(_ store: some MetadataStore) async throws {
        let objects = [("x", 2.0), ("y", 1.0), ("z", 3.0), ("w", 1.0)].map {
            StagedObject(key: $0, created: time.addingTimeInterval($1))
        }
        try await store.write { transaction in
            for object in objects { try transaction.saveStagedObject(object) }
        }
        func keys(before second: Double, limit: Int = 9) async throws -> [String] {
            let date = time.addingTimeInterval(second)
            return try await store.read { try $0.stagedObjects(createdBefore: date, limit: limit) }
                .map(\.key)
        }
        #expect(try await keys(before: 3) == ["w", "y", "x"])
        #expect(try await keys(before: 9, limit: 2) == ["w", "y"])
        #expect(try await keys(before: 1).isEmpty)
        #expect(try await store.read { try $0.stagedObject("x") } == objects[0])
        // Staged again, it is as new.
        try await store.write { transaction in
            try transaction.saveStagedObject(
                StagedObject(key: "w", created: time.addingTimeInterval(5)))
            try transaction.removeStagedObject("y")
            try transaction.removeStagedObject("unknown")
        }
        #expect(try await keys(before: 9) == ["x", "z", "w"])
        #expect(try await store.read { try $0.stagedObject("y") } == nil)
    }

    private static func membersAreThoseThatWereSeen(_ store: some MetadataStore) async throws {
        func member(_ role: MemberRecord.Role, started: Double, seen: Double) -> MemberRecord {
            var member = MemberRecord(
                id: UUID(), role: role, host: "höst", version: "1.2.3", kinds: ["train"], places: 2,
                started: time.addingTimeInterval(started))
            member.seen = time.addingTimeInterval(seen)
            return member
        }
        let members = [
            member(.worker, started: 2, seen: 12), member(.server, started: 1, seen: 10),
            member(.worker, started: 0, seen: 5),
        ]
        try await store.write { transaction in
            for member in members { try transaction.save(member) }
        }
        func seen(since second: Double) async throws -> [MemberRecord] {
            let date = time.addingTimeInterval(second)
            return try await store.read { try $0.members(seenSince: date) }
        }
        #expect(try await seen(since: 10) == [members[1], members[0]])
        var again = members[2]
        again.seen = time.addingTimeInterval(20)
        try await store.write { [again] in try $0.save(again) }
        #expect(try await seen(since: 0) == [again, members[1], members[0]])
        try await store.write { transaction in
            for member in members[1...] { try transaction.removeMember(member.id) }
        }
        #expect(try await seen(since: 0) == [members[0]])
        try await store.write { try $0.removeMember(members[0].id) }
    }

    private static func theClockGoesOn(_ store: some MetadataStore) async throws {
        let before = Date()
        let first = try await store.read { try $0.now() }
        let second = try await store.write { try $0.now() }
        let after = Date()
        // Both are this machine's; SQLite's has milliseconds.
        #expect(first >= before.addingTimeInterval(-0.002) && first <= second)
        #expect(second <= after.addingTimeInterval(0.002))
    }

    private static func whatIsWrittenIsTold(_ store: some MetadataStore) async throws {
        let changes = store.changes
        var told = changes.count(.jobs)
        try await save(store, [job("told", "told")])
        await changes.wait(for: .jobs, beyond: told)
        told = changes.count(.models)
        try await store.write { transaction in
            try transaction.save(ProjectRecord(name: "told", created: time))
            var model = ModelRecord(
                project: "told", version: 1, created: time, description: nil,
                output: S3Location(bucket: "b", prefix: nil), kmsKeyID: nil)
            model.status = .hosted
            try transaction.save(model)
        }
        await changes.wait(for: .models, beyond: told)
    }

    private static func whatIsRolledBackIsNotTold(_ store: some MetadataStore) async throws {
        let changes = store.changes
        let (jobs, models) = (changes.count(.jobs), changes.count(.models))
        await #expect(throws: Failure.self) {
            try await store.write { transaction in
                try transaction.save(job("untold", "told"))
                throw Failure()
            }
        }
        // Nor is a job that nobody can claim, or what a training is at.
        try await save(store, [job("untold", "told") { $0.state = .finished }])
        try await store.write { transaction in
            var model = try #require(try transaction.model("told", 1))
            (model.version, model.status) = (2, .training)
            try transaction.save(model)
        }
        // What comes later is told later.
        try await store.write { transaction in
            let model = try #require(try transaction.model("told", 1))
            try transaction.save(model)
        }
        await changes.wait(for: .models, beyond: models)
        #expect(changes.count(.jobs) == jobs && changes.count(.models) == models + 1)
    }

    private static func nobodyWaitsForEver(_ changes: MetadataChanges) async {
        let waiting = Task { await changes.wait(for: .jobs, beyond: .max) }
        waiting.cancel()
        await waiting.value
        let late = Task {
            try? await Task.sleep(for: .seconds(3600))
            await changes.wait(for: .jobs, beyond: .max)
        }
        late.cancel()
        await late.value
        // What was told before somebody waits is not waited for.
        changes.post(.jobs)
        await changes.wait(for: .jobs, beyond: changes.count(.jobs) - 1)
    }
}
