import FoundationEssentials
import TestSupport
import Testing
import Wire

@testable import Storage

/// What commands see of the stores of a server that goes on.
@Suite struct StoresBesideTests {
    @Test func aCopyIsOneMomentOfADatabaseThatIsBeingWritten() async throws {
        let directory = try TemporaryDirectory()
        let (path, copy) = ("\(directory.path)/db", "\(directory.path)/copy")
        let store = try SQLiteStore(path: path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var number = 0
                while !Task.isCancelled {
                    // Both rows or none.
                    let name = "p\(number)"
                    try await store.write { transaction in
                        try transaction.save(ProjectRecord(name: name, created: .distantPast))
                        try transaction.addTags([Tag(key: "k", value: name)], to: name)
                    }
                    number += 1
                }
            }
            var counts: [Int] = []
            for _ in 0..<10 {
                try await Task.sleep(for: .milliseconds(20))
                try SQLiteFile.copy(path, to: copy)
                #expect(try SQLiteFile.problems(copy).isEmpty)
                counts.append(
                    try SQLiteFile.read(copy) { transaction in
                        let projects = try transaction.projects(after: nil, limit: .max)
                        for project in projects {
                            #expect(try transaction.tags(of: project.name).count == 1)
                        }
                        return projects.count
                    })
                // It is one file.
                #expect(!FileManager.default.fileExists(atPath: "\(copy)-wal"))
            }
            group.cancelAll()
            #expect(counts == counts.sorted())
        }
    }

    @Test func theSchemaIsToldAndNotChanged() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        try Checkout.bytes("Tests/StorageTests/Golden/0001.sqlite").write(to: URL(filePath: path))
        let before = try Data(contentsOf: URL(filePath: path))
        let state = try SQLiteFile.schema(path)
        #expect(state.applied == [Schema.names[0]])
        #expect(state.missing == Array(Schema.names.dropFirst()) && state.unknown.isEmpty)
        #expect(try SQLiteFile.read(path) { try $0.project("old") }?.lastModelVersion == 2)
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
        _ = try SQLiteStore(path: path)
        #expect(try SQLiteFile.schema(path).missing.isEmpty)
    }

    @Test func theSchemaOfPostgreSQLIsToldAndNotChanged() async throws {
        let url = try PostgreSQLServer.shared().database()
        #expect(try PostgreSQLStore.schema(url: url).applied.isEmpty)
        #expect(try PostgreSQLStore.schema(url: url).missing == Schema.names)
        _ = try await PostgreSQLStore(url: url).read { try $0.countProjects() }
        let state = try PostgreSQLStore.schema(url: url)
        #expect(state.applied == Schema.names && state.missing.isEmpty)
    }

    @Test func theNewestFailuresOfJobsAreFound() async throws {
        let directory = try TemporaryDirectory()
        let stores: [any MetadataStore] = [
            try SQLiteStore(path: "\(directory.path)/db"),
            try PostgreSQLStore(url: PostgreSQLServer.shared().database()),
        ]
        let time = MetadataStoreContract.time
        for store in stores {
            let states: [JobRecord.State] = [.failed, .failed, .finished, .failed, .queued]
            let jobs = states.enumerated().map { index, state in
                var job = JobRecord(
                    id: UUID(), kind: "train", subject: Data(),
                    created: time.addingTimeInterval(Double(index)))
                job.state = state
                job.lastError = "\(index)"
                return job
            }
            try await store.write { transaction in
                for job in jobs { try transaction.save(job) }
            }
            func errors(since seconds: Double, limit: Int = 9) async throws -> [String?] {
                try await store.read {
                    try $0.failedJobs(since: time.addingTimeInterval(seconds), limit: limit)
                        .map(\.lastError)
                }
            }
            #expect(try await errors(since: 0) == ["3", "1", "0"])
            #expect(try await errors(since: 1) == ["3", "1"])
            #expect(try await errors(since: 0, limit: 1) == ["3"])
        }
    }
}
