import FoundationEssentials
import TestSupport
import Testing

@testable import Storage

/// What processes that share a database hear of each other.
@Suite(.timeLimit(.minutes(10))) struct PostgreSQLListenerTests {
    private static let listening = """
        SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'
        """

    /// The first connection posts every topic once it listens.
    static func isListening(_ changes: MetadataChanges) async {
        await changes.wait(for: .models, beyond: 0)
    }

    private static func queueJob(_ store: PostgreSQLStore) async throws {
        try await store.write {
            try $0.save(
                JobRecord(
                    id: UUID(), kind: "train", subject: Data(), created: MetadataStoreContract.time)
            )
        }
    }

    @Test func anotherServerHearsOfAJob() async throws {
        let url = try PostgreSQLServer.shared().database()
        let (server, worker) = (try PostgreSQLStore(url: url), try PostgreSQLStore(url: url))
        let changes = worker.changes
        await Self.isListening(changes)
        let told = changes.count(.jobs)
        try await Self.queueJob(server)
        await changes.wait(for: .jobs, beyond: told)
        #expect(changes.count(.jobs) == told + 1)
    }

    @Test func aStoreThatNobodyListensToListensToNobody() async throws {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        let store = try PostgreSQLStore(url: url)
        try await Self.queueJob(store)
        #expect(try server.sql(Self.listening, database: url) == "0")
        #expect(!store.listener.isRunning)
        // However often it is asked, one connection is enough.
        for _ in 0..<3 { await Self.isListening(store.changes) }
        #expect(try server.sql(Self.listening, database: url) == "1")
        #expect(store.listener.isRunning)
    }

    @Test func afterALostConnectionEverybodyLooksAndMoreIsHeard() async throws {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        let store = try PostgreSQLStore(url: url)
        let changes = store.changes
        await Self.isListening(changes)
        for _ in 0..<2 {
            let told = MetadataChanges.Topic.allCases.map { ($0, changes.count($0)) }
            try server.endOtherConnections(url)
            for (topic, count) in told { await changes.wait(for: topic, beyond: count) }
            let jobs = changes.count(.jobs)
            try await Self.queueJob(store)
            await changes.wait(for: .jobs, beyond: jobs)
        }
        #expect(try server.sql(Self.listening, database: url) == "1")
    }

    @Test func aStoreThatIsGoneLeavesNoThreadAndNoConnection() async throws {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        var store: PostgreSQLStore? = try PostgreSQLStore(url: url)
        if let store {
            try await Self.queueJob(store)
            await Self.isListening(store.changes)
        }
        // The listener's thread holds it.
        weak let listener = store?.listener
        #expect(listener?.isRunning == true)
        store = nil
        try await Waiting.until("the end of the listener") { listener == nil }
        let others = """
            SELECT COUNT(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        try await Waiting.until("the end of all connections") {
            try server.sql(others, database: url) == "0"
        }
    }

    /// It neither waits out its pause nor holds on to what it cannot reach.
    @Test func aStoreThatIsGoneEndsAListenerWithoutADatabase() async throws {
        var store: PostgreSQLStore? = try PostgreSQLStore(url: "postgres://u@/db?host=/nowhere")
        _ = store?.changes
        weak let listener = store?.listener
        #expect(listener != nil)
        store = nil
        try await Waiting.until("the end of the listener") { listener == nil }
    }
}
