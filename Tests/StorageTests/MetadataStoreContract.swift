import FoundationEssentials
import Storage
import Testing
import Wire

/// What every `MetadataStore` must do. Each implementation has a suite that calls all of it.
enum MetadataStoreContract {
    private struct Failure: Error {}

    static let time = Date(timeIntervalSince1970: 1_770_000_000.25)

    static func all(_ store: some MetadataStore) async throws {
        try await aWriteThatThrowsLeavesNothing(store)
        try await NewerMembersContract.all(store)
        try await projectsAreSortedAndPaged(store)
        try await entriesReplaceThoseOfTheSameImage(store)
        try await entriesAreFilteredAndKeepTheirTimes(store)
        try await changesGoWithTheirDataset(store)
        try await modelsAreNewestFirst(store)
        try await usersAreFoundByNameAndKey(store)
        try await packagingJobsAreNewestFirstAndOneRunsForAVersion(store)
        try await jobsAreClaimedInOrderAndWhenDue(store)
        try await tokensTagsAndSettingsAreKept(store)
        try await sessionsEndWithTheirUserOrTime(store)
        try await jobsAreCounted(store)
        try await whatIsRemovedIsGoneAndAProjectGoesLast(store)
        try await concurrentWritesDoNotInterleave(store)
    }

    private static func aWriteThatThrowsLeavesNothing(_ store: some MetadataStore) async throws {
        await #expect(throws: Failure.self) {
            try await store.write { transaction in
                try transaction.save(ProjectRecord(name: "never", created: time))
                throw Failure()
            }
        }
        #expect(try await store.read { try $0.project("never") } == nil)
        // A dataset without its project.
        await #expect(throws: (any Error).self) {
            try await store.write {
                try $0.save(
                    DatasetRecord(
                        project: "never", type: .train, created: time, status: .createComplete))
            }
        }
    }

    private static func sessionsEndWithTheirUserOrTime(_ store: some MetadataStore) async throws {
        func session(_ id: String, _ user: String?, _ seconds: Double) -> SessionRecord {
            SessionRecord(
                id: id, kind: id == "l" ? .link : .session, userName: user, created: time,
                expires: time.addingTimeInterval(seconds))
        }
        let all = [
            session("a", "ann", 10), session("b", "ann", 100), session("l", nil, 100),
            session("r", nil, 100),
        ]
        try await store.write { transaction in
            for session in all { try transaction.save(session) }
        }
        #expect(try await store.read { try $0.session("l") } == all[2])
        #expect(try await store.read { try $0.session("none") } == nil)
        #expect(try await store.read { try $0.countSessions(of: "ann") } == 2)
        var seen = all[1]
        seen.seen = time.addingTimeInterval(50)
        try await store.write { [seen] in try $0.save(seen) }
        #expect(try await store.read { try $0.session("b") } == seen)
        try await store.write { try $0.removeSessions(expiredBefore: time.addingTimeInterval(11)) }
        #expect(try await store.read { try $0.countSessions(of: "ann") } == 1)
        try await store.write { try $0.removeSession("l") }
        #expect(try await store.read { try $0.countSessions(of: nil) } == 1)
        try await store.write { try $0.removeSessions(of: nil) }
        #expect(try await store.read { try $0.session("r") } == nil)
        #expect(try await store.read { try $0.session("b") } != nil)
        try await store.write { try $0.removeSessions(of: "ann") }
    }

    private static func projectsAreSortedAndPaged(_ store: some MetadataStore) async throws {
        try await store.write { transaction in
            for name in ["c", "a", "b"] {
                try transaction.save(ProjectRecord(name: name, created: time))
            }
            var changed = ProjectRecord(name: "b", created: time)
            changed.lastModelVersion = 4
            try transaction.save(changed)
        }
        #expect(
            try await store.read { try $0.projects(after: nil, limit: 2) }.map(\.name) == [
                "a", "b",
            ])
        #expect(try await store.read { try $0.projects(after: "b", limit: 2) }.map(\.name) == ["c"])
        let project = try await store.read { try $0.project("b") }
        #expect(project?.lastModelVersion == 4 && project?.created == time)
    }

    private static func entriesReplaceThoseOfTheSameImage(_ store: some MetadataStore) async throws
    {
        func entry(_ name: String, _ verdict: String?, _ line: String = "{}") -> DatasetEntry {
            DatasetEntry(sourceRef: name, line: line, verdict: verdict, created: time)
        }
        let first = [entry("1", "normal"), entry("2", "anomaly"), entry("3", nil)]
        try await store.write { transaction in
            try transaction.save(
                DatasetRecord(project: "a", type: .train, created: time, status: .createComplete))
            try transaction.addEntries(first, project: "a", type: .train)
        }
        let replaced = entry("2", "normal", #"{"new":1}"#)
        try await store.write { try $0.addEntries([replaced], project: "a", type: .train) }
        let all = try await store.read {
            try $0.entries(project: "a", type: .train, offset: 0, limit: 10)
        }
        #expect(all == [first[0], replaced, first[2]])
        let stats = try await store.read { try $0.countEntries(project: "a", type: .train) }
        #expect(stats == ImageStats(total: 3, labeled: 2, normal: 2, anomaly: 0))
        try await store.write { try $0.removeEntries(project: "a", type: .train) }
        #expect(try await store.read { try $0.countEntries(project: "a", type: .train) }.total == 0)
        #expect(try await store.read { try $0.datasets("a") }.map(\.type) == [.train])
    }

    private static func usersAreFoundByNameAndKey(_ store: some MetadataStore) async throws {
        @Sendable func user(_ name: String, _ key: String) -> UserRecord {
            UserRecord(
                name: name, accessKeyID: key, secretAccessKey: "s", policy: "{}", created: time)
        }
        try await store.write { transaction in
            try transaction.save(user("zoe", "K1"))
            try transaction.save(user("ann", "K2"))
        }
        #expect(try await store.read { try $0.users() }.map(\.name) == ["ann", "zoe"])
        #expect(try await store.read { try $0.user(accessKeyID: "K1") } == user("zoe", "K1"))
        // Another user's key cannot be taken.
        await #expect(throws: (any Error).self) {
            try await store.write { try $0.save(user("bob", "K1")) }
        }
        try await store.write { try $0.save(user("zoe", "K3")) }
        #expect(try await store.read { try $0.user(accessKeyID: "K1") } == nil)
        #expect(try await store.read { try $0.user("zoe") }?.accessKeyID == "K3")
        try await store.write { try $0.removeUser("zoe") }
        #expect(try await store.read { try $0.user("zoe") } == nil)
    }

    private static func jobsAreCounted(_ store: some MetadataStore) async throws {
        let late = time.addingTimeInterval(5)
        try await store.write { transaction in
            for created in [late, time] {
                try transaction.save(
                    JobRecord(id: UUID(), kind: "counted", subject: Data(), created: created))
            }
            var ended = JobRecord(id: UUID(), kind: "counted", subject: Data(), created: time)
            ended.state = .failed
            try transaction.save(ended)
        }
        let counts = try await store.read { try $0.countJobs() }.filter { $0.kind == "counted" }
        #expect(counts == [JobCount(kind: "counted", state: .queued, count: 2, oldest: time)])
    }

    private static func whatIsRemovedIsGoneAndAProjectGoesLast(_ store: some MetadataStore)
        async throws
    {
        #expect(try await store.read { try $0.countProjects() } == 3)
        #expect(try await store.read { try $0.countModels("a") } == 12)
        await #expect(throws: (any Error).self) {
            try await store.write { try $0.removeProject("a") }
        }
        #expect(try await store.read { try $0.packagingJob("a", "x") } != nil)
        try await store.write { transaction in
            for version in 1...12 { try transaction.removeModel("a", version) }
            try transaction.addTags(
                [Tag(key: "b", value: "1"), Tag(key: "c", value: "1")], to: "r")
            try transaction.removeTags(["b", "unknown"], from: "r")
            try transaction.removeDataset("a", .train)
            try transaction.removeProject("a")
        }
        #expect(try await store.read { try $0.tags(of: "r") }.map(\.key) == ["c"])
        try await store.write { try $0.removeTags(nil, from: "r") }
        #expect(try await store.read { try $0.tags(of: "r") }.isEmpty)
        #expect(try await store.read { try $0.project("a") } == nil)
        #expect(try await store.read { try $0.packagingJob("a", "x") } == nil)
    }

    private static func modelsAreNewestFirst(_ store: some MetadataStore) async throws {
        try await store.write { transaction in
            for version in 1...12 {
                var model = ModelRecord(
                    project: "a", version: version, created: time, description: nil,
                    output: S3Location(bucket: "b", prefix: nil), kmsKeyID: nil)
                if version == 5 { model.status = .hosted }
                try transaction.save(model)
            }
        }
        let page = try await store.read { try $0.models("a", before: 11, limit: 3) }
        #expect(page.map(\.version) == [10, 9, 8])
        #expect(try await store.read { try $0.models(status: .hosted) }.map(\.version) == [5])
    }

    private static func packagingJobsAreNewestFirstAndOneRunsForAVersion(
        _ store: some MetadataStore
    ) async throws {
        let json = #"{"Greengrass":{"ComponentName":"c","S3OutputLocation":{"Bucket":"bbb"}}}"#
        let configuration = try WireCoding.decode(
            ModelPackagingConfiguration.self, from: Data(json.utf8))
        @Sendable func job(_ name: String, _ status: PackagingStatus) -> PackagingRecord {
            var job = PackagingRecord(
                project: "a", jobName: name, modelVersion: 1, configuration: configuration,
                description: nil, created: time)
            job.status = status
            return job
        }
        try await store.write { transaction in
            for name in ["x", "y", "z"] {
                try transaction.save(job(name, .created), componentVersion: "1.0.0")
            }
            try transaction.save(job("y", .running), componentVersion: "1.0.0")
        }
        #expect(
            try await store.read { try $0.packagingJobs("a", after: "z", limit: 9) }.map(\.jobName)
                == ["y", "x"])
        let running = try await store.read {
            try $0.runningPackagingJob(component: "c", version: "1.0.0")
        }
        #expect(running?.jobName == "y")
        await #expect(throws: (any Error).self) {
            try await store.write { try $0.save(job("x", .running), componentVersion: "1.0.0") }
        }
    }

    private static func jobsAreClaimedInOrderAndWhenDue(_ store: some MetadataStore) async throws {
        var late = JobRecord(id: UUID(), kind: "train", subject: Data(), created: time)
        late.notBefore = time.addingTimeInterval(10)
        let first = JobRecord(id: UUID(), kind: "train", subject: Data([1]), created: time)
        let second = JobRecord(id: UUID(), kind: "train", subject: Data([2]), created: time)
        try await store.write { [late] transaction in
            for job in [late, first, second] { try transaction.save(job) }
        }
        func claimable(_ seconds: TimeInterval, _ kinds: [String] = ["train", "host"]) async throws
            -> UUID?
        {
            let now = time.addingTimeInterval(seconds)
            return try await store.read { try $0.claimableJob(kinds: kinds, now: now) }?.id
        }
        #expect(try await claimable(0) == first.id)
        #expect(try await claimable(0, ["host"]) == nil)
        #expect(try await claimable(10) == late.id)
        var running = first
        running.state = .running
        running.leaseExpiry = time.addingTimeInterval(5)
        try await store.write { [running] in try $0.save(running) }
        #expect(try await claimable(4) == second.id)
        #expect(try await claimable(6) == first.id)
        #expect(try await store.read { try $0.runningJobs() }.map(\.id) == [first.id])
        var ended = running
        ended.state = .finished
        try await store.write { [ended] transaction in
            try transaction.save(ended)
            try transaction.removeJobs(endedBefore: time.addingTimeInterval(1))
        }
        #expect(try await store.read { try $0.job(first.id) } == nil)
        #expect(try await store.read { try $0.job(second.id) } == second)
    }

    private static func tokensTagsAndSettingsAreKept(_ store: some MetadataStore) async throws {
        let token = TokenRecord(key: "op t", requestDigest: "d", response: Data([1]), created: time)
        try await store.write { transaction in
            try transaction.save(token)
            try transaction.addTags(
                [Tag(key: "b", value: "1"), Tag(key: "a", value: "ü")], to: "arn")
            try transaction.addTags([Tag(key: "b", value: "2")], to: "arn")
            try transaction.saveSetting("s", Data([1]))
            try transaction.saveSetting("s", Data([2]))
        }
        #expect(try await store.read { try $0.token("op t") } == token)
        #expect(
            try await store.read { try $0.tags(of: "arn") }
                == [Tag(key: "a", value: "ü"), Tag(key: "b", value: "2")])
        #expect(try await store.read { try $0.setting("s") } == Data([2]))
        try await store.write { try $0.removeTokens(createdBefore: time.addingTimeInterval(1)) }
        #expect(try await store.read { try $0.token("op t") } == nil)
    }

    private static func concurrentWritesDoNotInterleave(_ store: some MetadataStore) async throws {
        try await store.write { try $0.saveSetting("count", Data([0])) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await store.write { transaction in
                        let value = try transaction.setting("count")?.first ?? 0
                        try transaction.saveSetting("count", Data([value + 1]))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.read { try $0.setting("count") } == Data([50]))
    }
}
