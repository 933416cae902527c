import FoundationEssentials
import Testing
import Wire

@testable import Storage

@Suite struct PostgreSQLStoreTests {
    static let time = MetadataStoreContract.time

    @Test func itKeepsTheContract() async throws {
        try await MetadataStoreContract.all(
            try PostgreSQLStore(url: PostgreSQLServer.shared().database()))
    }

    @Test(.timeLimit(.minutes(10))) func itServesManyWorkers() async throws {
        try await ClusterContract.all(
            try PostgreSQLStore(url: PostgreSQLServer.shared().database()),
            isListening: PostgreSQLListenerTests.isListening)
    }

    @Test func whatWasWrittenIsThereForAnotherStore() async throws {
        let url = try PostgreSQLServer.shared().database()
        let record = ProjectRecord(name: "p", created: Date(timeIntervalSince1970: 12.5))
        try await PostgreSQLStore(url: url).write { try $0.save(record) }
        let again = try PostgreSQLStore(url: url)
        #expect(try await again.read { try $0.project("p") } == record)
    }

    @Test func bytesNumbersAndTextsComeBackAsTheyWere() async throws {
        let store = try PostgreSQLStore(url: PostgreSQLServer.shared().database())
        let bytes = Data((0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let job = JobRecord(
            id: UUID(), kind: "'; DROP TABLE job; --", subject: bytes,
            created: Date(timeIntervalSince1970: 1_770_000_000.123_456))
        let text = "U+0000 in JSON \0, ü, 🔩, \u{1}, \\, \""
        try await store.write { transaction in
            try transaction.saveSetting("bytes", bytes)
            try transaction.saveSetting("empty", Data())
            try transaction.save(job)
            try transaction.save(
                TokenRecord(
                    key: "k", requestDigest: text, response: bytes,
                    created: Self.time))
        }
        #expect(try await store.read { try $0.setting("bytes") } == bytes)
        #expect(try await store.read { try $0.setting("empty") } == Data())
        #expect(try await store.read { try $0.job(job.id) } == job)
        #expect(try await store.read { try $0.token("k") }?.requestDigest == text)
        // PostgreSQL's own texts do not have U+0000; it is refused, not cut off.
        let error = await #expect(throws: StorageError.self) {
            try await store.write { try $0.saveSetting("a\0b", bytes) }
        }
        #expect(error?.code == .invalidName)
        #expect(try await store.read { try $0.setting("a") } == nil)
    }

    /// More than fit into one round trip, some twice.
    @Test func manyEntriesAreAddedInTheirOrder() async throws {
        let store = try PostgreSQLStore(url: PostgreSQLServer.shared().database())
        @Sendable func entry(_ index: Int, _ verdict: String?) -> DatasetEntry {
            DatasetEntry(
                sourceRef: "s3://b/\(index)", line: "{\"n\":\(index)}", verdict: verdict,
                created: Self.time.addingTimeInterval(Double(index)))
        }
        try await store.write { transaction in
            try transaction.save(ProjectRecord(name: "p", created: Self.time))
            try transaction.save(
                DatasetRecord(
                    project: "p", type: .train, created: Self.time, status: .createComplete))
            let entries = (0..<1000).map { entry($0, nil) } + [entry(3, "anomaly")]
            try transaction.addEntries(entries, project: "p", type: .train)
        }
        let found = try await store.read {
            try $0.entries(project: "p", type: .train, offset: 0, limit: 2000)
        }
        #expect(found == (0..<1000).map { entry($0, $0 == 3 ? "anomaly" : nil) })
        // An error in the middle leaves nothing, and the connection goes on.
        await #expect(throws: StorageError.self) {
            try await store.write { transaction in
                try transaction.addEntries(
                    [entry(5000, nil), entry(5001, "\0")], project: "p", type: .train)
            }
        }
        let stats = try await store.read { try $0.countEntries(project: "p", type: .train) }
        #expect(stats.total == 1000)
    }

    @Test func namesAreInTheOrderOfTheirBytes() async throws {
        let store = try PostgreSQLStore(url: PostgreSQLServer.shared().database())
        let names = ["b", "a", "B", "_", "a-1", "a1", "ä"]
        try await store.write { transaction in
            for name in names {
                try transaction.save(ProjectRecord(name: name, created: Self.time))
            }
        }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(
            try await store.read { try $0.projects(after: nil, limit: .max) }.map(\.name) == sorted)
    }

    @Test func fourStoresThatStartAtOnceMakeOneSchema() async throws {
        let url = try PostgreSQLServer.shared().database()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<4 {
                group.addTask {
                    try await PostgreSQLStore(url: url).write {
                        try $0.save(ProjectRecord(name: "p\(index)", created: Self.time))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await PostgreSQLStore(url: url).read { try $0.countProjects() } == 4)
    }

    @Test func aRoleThatMayMakeNoTablesIsEnoughOnceTheyAreThere() async throws {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        try await PostgreSQLStore(url: url).write { try $0.saveSetting("s", Data([1])) }
        try server.sql(
            """
            CREATE ROLE writer LOGIN;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO writer;
            """, database: url)
        let store = try PostgreSQLStore(
            url: url.replacing("postgres://spotter@", with: "postgres://writer@"))
        try await store.write { try $0.saveSetting("s", Data([2])) }
        #expect(try await store.read { try $0.setting("s") } == Data([2]))
    }
}
