import FoundationEssentials
import GRDB
import TestSupport
import Testing
import Wire

@testable import Storage

@Suite struct SQLiteStoreTests {
    @Test func itKeepsTheContract() async throws {
        let directory = try TemporaryDirectory()
        try await MetadataStoreContract.all(try SQLiteStore(path: "\(directory.path)/db"))
    }

    @Test(.timeLimit(.minutes(10))) func itServesManyWorkers() async throws {
        let directory = try TemporaryDirectory()
        try await ClusterContract.all(try SQLiteStore(path: "\(directory.path)/db")) { _ in }
        try await ClusterContract.all(try SQLiteStore()) { _ in }
    }

    @Test func whatWasWrittenIsThereAfterReopening() async throws {
        let directory = try TemporaryDirectory()
        let record = ProjectRecord(name: "p", created: Date(timeIntervalSince1970: 12.5))
        try await SQLiteStore(path: "\(directory.path)/db").write { try $0.save(record) }
        let again = try SQLiteStore(path: "\(directory.path)/db")
        #expect(try await again.read { try $0.project("p") } == record)
    }

    @Test func aFileThatIsNoDatabaseIsRefusedByName() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        try Data(repeating: 65, count: 5000).write(to: URL(filePath: path))
        let error = #expect(throws: StorageError.self) { try SQLiteStore(path: path) }
        #expect(error?.message.contains(path) == true)
    }

    @Test func aDatabaseOfANewerSpotterIsRefusedAndNotChanged() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        _ = try SQLiteStore(path: path)
        let queue = try DatabaseQueue(path: path)
        try await queue.write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999-newer')")
        }
        try queue.close()
        let error = #expect(throws: StorageError.self) { try SQLiteStore(path: path) }
        #expect(error?.message.contains("newer Spotter (9999-newer)") == true)
    }

    @Test(arguments: [false, true])
    func aDatabaseThatWasRemovedInUseTakesNothingMore(isReplaced: Bool) async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        let store = try SQLiteStore(path: path)
        try await store.write { try $0.saveSetting("s", Data([1])) }
        try FileManager.default.moveItem(atPath: path, toPath: "\(path).away")
        if isReplaced { try Data().write(to: URL(filePath: path)) }
        let error = await #expect(throws: StorageError.self) {
            try await store.write { try $0.saveSetting("s", Data([2])) }
        }
        #expect(error?.message.contains("\(path) was removed or replaced") == true)
        await #expect(throws: StorageError.self) {
            _ = try await store.read { try $0.setting("s") }
        }
        if isReplaced { try FileManager.default.removeItem(atPath: path) }
        try FileManager.default.moveItem(atPath: "\(path).away", toPath: path)
        #expect(try await store.read { try $0.setting("s") } == Data([1]))
    }

    /// Each page of a dataset's entries read and sorted all of them.
    @Test func aPageOfEntriesIsReadInItsOrder() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        _ = try SQLiteStore(path: path)
        let queue = try DatabaseQueue(path: path)
        for condition in ["", "AND verdict = 'normal'", "AND verdict IS NULL"] {
            let plan = try await queue.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        EXPLAIN QUERY PLAN SELECT document, created, position FROM dataset_entry
                        WHERE project = 'p' AND type = 'train' AND position < 9 \(condition)
                        ORDER BY position DESC LIMIT 101
                        """
                ).map { String(describing: $0["detail"] ?? "") }.joined()
            }
            #expect(plan.contains("INDEX dataset_entry_order") && !plan.contains("TEMP"), "\(plan)")
        }
    }

    /// A file as the first schema left it, with a row of each kind; never made again.
    @Test func aDatabaseOfTheFirstSchemaIsBroughtUpToDate() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        try Checkout.bytes("Tests/StorageTests/Golden/0001.sqlite").write(to: URL(filePath: path))
        let store = try SQLiteStore(path: path)
        let time = Date(timeIntervalSince1970: 1_770_000_000.25)
        let (project, dataset, model) = try await store.read {
            (try $0.project("old"), try $0.dataset("old", .train), try $0.model("old", 2))
        }
        #expect(project?.created == time && project?.lastModelVersion == 2)
        #expect(dataset?.stats.total == 2 && model?.status == .trained)
        #expect(try await store.read { try $0.tags(of: "arn") } == [Tag(key: "k", value: "v")])
        #expect(try await store.read { try $0.setting("s") } == Data([1, 2]))
        // The times of entries were in their documents only.
        var filter = EntryFilter(project: "old", type: .train)
        filter.createdAfter = time
        let found = try await store.read { [filter] in
            try $0.entries(matching: filter, before: nil, limit: 9)
        }
        #expect(found.map(\.entry.sourceRef) == ["s3://b/1"])
        #expect(try await store.read { try $0.users() }.isEmpty)
    }

    /// Each step is one transaction, so that a process that is killed leaves so many whole ones.
    @Test(arguments: Schema.names)
    func aDatabaseThatStoppedAfterAnyStepIsBroughtUpToDate(_ step: String) async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        let queue = try DatabaseQueue(path: path)
        try Schema.sqliteMigrator.migrate(queue, upTo: step)
        try await queue.write {
            try $0.execute(
                sql: "INSERT INTO setting (name, value) VALUES ('kept', x'01')")
        }
        try queue.close()
        #expect(try SQLiteFile.schema(path).applied.last == step)
        let store = try SQLiteStore(path: path)
        #expect(try SQLiteFile.schema(path).missing == [])
        #expect(try await store.read { try $0.setting("kept") } == Data([1]))
        #expect(try SQLiteFile.problems(path) == [])
    }

    /// A file as the version before clusters left it, with a row of each kind; never made again.
    @Test func aDatabaseOfTheSecondSchemaIsBroughtUpToDate() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        try Checkout.bytes("Tests/StorageTests/Golden/0002.sqlite").write(to: URL(filePath: path))
        let store = try SQLiteStore(path: path)
        let time = Date(timeIntervalSince1970: 1_770_000_000.25)
        let (project, model, user) = try await store.read {
            (try $0.project("old"), try $0.model("old", 2), try $0.user(accessKeyID: "K1"))
        }
        #expect(project?.created == time && user?.name == "ann")
        #expect(model?.status == .training && model?.files == nil)
        #expect(try await store.read { try $0.token("CreateModel t") }?.created == time)
        let packaging = try await store.read {
            try $0.runningPackagingJob(component: "c", version: "1.0.0")
        }
        #expect(packaging?.jobName == "j" && packaging?.basis == nil)
        // The one that ran is first once its lease has ended, then those that waited.
        let now = time.addingTimeInterval(31)
        var claimed: [JobRecord] = []
        while claimed.count < 9 {
            let job = try await store.write { transaction -> JobRecord? in
                guard var job = try transaction.claimableJob(kinds: ["train"], now: now) else {
                    return nil
                }
                let found = job
                job.state = .finished
                try transaction.save(job)
                return found
            }
            guard let job else { break }
            claimed.append(job)
        }
        #expect(claimed.map(\.state) == [.running, .queued, .queued])
        #expect(claimed.map(\.attempt) == [1, 0, 1])
        #expect(claimed.allSatisfy { $0.project == nil && $0.priority == nil })
        #expect(claimed.last?.lastError == "no image")
        #expect(try await store.read { try $0.members(seenSince: .distantPast) }.isEmpty)
    }
}
