import FoundationEssentials
import Glibc
import NIOPosix
import TestSupport
import Testing
import Wire

@testable import Storage

/// Programs of several versions on one database.
@Suite(.timeLimit(.minutes(10))) struct PostgreSQLUpgradeTests {
    static let time = MetadataStoreContract.time
    private typealias Step = Schema.Step

    private static let later = Step("0900-later") { _ in
        """
        ALTER TABLE job ADD COLUMN later TEXT NOT NULL DEFAULT 'x';
        CREATE TABLE later (name TEXT NOT NULL PRIMARY KEY);
        """
    }
    private static let removal = Step("0901-removal", requires: "0900-later") { _ in
        "ALTER TABLE job DROP COLUMN claimed"
    }

    private static func store(_ url: String, _ newSteps: [Step] = []) throws -> PostgreSQLStore {
        try PostgreSQLStore(
            url: url, limits: PostgreSQLLimits(), steps: Schema.steps + newSteps)
    }

    /// A database as the version before clusters left it.
    private static func previousDatabase() throws -> String {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        let sql = try Checkout.bytes("Tests/StorageTests/Golden/0002.sql")
        try server.sql(String(decoding: sql, as: UTF8.self), database: url)
        return url
    }

    private static func claim(_ store: PostgreSQLStore, _ kind: String) async throws -> JobRecord? {
        let late = time.addingTimeInterval(1_000_000)
        return try await store.write { transaction in
            guard var job = try transaction.claimableJob(kinds: [kind], now: late) else {
                return nil
            }
            let found = job
            job.state = .finished
            job.claimed = late
            try transaction.save(job)
            return found
        }
    }

    @Test func aSchemaWithMoreThanAProgramKnowsIsUsed() async throws {
        let url = try PostgreSQLServer.shared().database()
        let before = try Self.store(url)
        #expect(try await before.read { try $0.countProjects() } == 0)
        #expect(try await Self.store(url, [Self.later]).read { try $0.countProjects() } == 0)
        // One that was there and one that starts now.
        for (index, store) in [before, try Self.store(url)].enumerated() {
            let job = JobRecord(
                id: UUID(), kind: "train", subject: Data(), project: "p", created: Self.time)
            try await store.write { transaction in
                try transaction.save(ProjectRecord(name: "p\(index)", created: Self.time))
                try transaction.save(job)
            }
            #expect(try await Self.claim(store, "train") == job)
        }
        #expect(try await before.read { try $0.countProjects() } == 2)
    }

    @Test(arguments: Schema.names)
    func aDatabaseThatStoppedAfterAnyStepIsBroughtUpToDate(_ step: String) async throws {
        let url = try PostgreSQLServer.shared().database()
        let steps = Schema.steps.filter { $0.name <= step }
        let before = try PostgreSQLStore(url: url, limits: PostgreSQLLimits(), steps: steps)
        try await before.write { try $0.saveSetting("kept", Data([1])) }
        #expect(try await Self.store(url).read { try $0.setting("kept") } == Data([1]))
        #expect(try PostgreSQLStore.schema(url: url).missing == [])
    }

    @Test func aSchemaThatNeedsANewerProgramIsRefused() async throws {
        let url = try PostgreSQLServer.shared().database()
        let newest = try Self.store(url, [Self.later, Self.removal])
        #expect(try await newest.read { try $0.countProjects() } == 0)
        let error = await #expect(throws: StorageError.self) {
            try await Self.store(url).read { try $0.countProjects() }
        }
        #expect(error?.code == .unavailable)
        let newestHere = "none after \(Schema.names.last?.prefix(4) ?? "")"
        for part in ["newer Spotter", "0901-removal", "needs 0900-later", newestHere] {
            #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        }
        // The version between needs no more.
        let between = try Self.store(url, [Self.later])
        #expect(try await between.read { try $0.countProjects() } == 0)
    }

    @Test func theVersionBeforeGoesOnDuringAndAfterTheMigration() async throws {
        let url = try Self.previousDatabase()
        let programs = try [PreviousProgram(url: url), PreviousProgram(url: url)]
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        defer { threads.shutdownGracefully { _ in } }
        let (isOver, rounds) = (Shared(false), Shared(0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, program) in programs.enumerated() {
                group.addTask {
                    try await threads.runIfActive {
                        var round = 0
                        while !isOver.value {
                            try program.work(
                                round: "\(index)-\(round)", isEnding: round.isMultiple(of: 2))
                            round += 1
                            rounds.change { $0 += 1 }
                            // A busy server, not one that leaves the others no moment.
                            usleep(20_000)
                        }
                    }
                }
            }
            group.addTask {
                defer { isOver.change { $0 = true } }
                let store = try Self.store(url)
                try await Waiting.until("four rounds of the version before") { rounds.value >= 4 }
                #expect(try await store.read { try $0.project("old") } != nil)
                let done = rounds.value
                var claims = 0
                while rounds.value < done + 12 {
                    // Beside them it takes jobs too: one in two rounds, which make four and take
                    // two, so that the others always find one.
                    if claims < (rounds.value - done) / 2 {
                        _ = try await Self.claim(store, "previous")
                        claims += 1
                    }
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
            // The first error ends all: others would wait for rounds that nobody makes any more.
            defer { isOver.change { $0 = true } }
            for try await _ in group {}
        }
        try await Self.finishAll(try Self.store(url), rounds: rounds.value)
    }

    /// The jobs that the version before made are claimed and ended, each once.
    private static func finishAll(_ store: PostgreSQLStore, rounds: Int) async throws {
        var jobs: [JobRecord] = []
        while let job = try await claim(store, "previous") { jobs.append(job) }
        #expect(!jobs.isEmpty && Set(jobs.map(\.id)).count == jobs.count)
        for job in jobs {
            #expect(job.project == nil && job.priority == nil && job.subject == Data("{}".utf8))
            #expect(job.attempt == (job.state == .running ? 1 : 0))
        }
        // Two of each round, and nothing was lost.
        let url = store
        let open = try await url.read { try $0.countJobs() }.filter { $0.kind == "previous" }
        #expect(open.isEmpty)
        let rows = try await store.read { transaction in
            try transaction.integer(
                """
                SELECT COUNT(*) FROM job WHERE kind = 'previous' AND state = 'finished'
                    AND project = '' AND priority = 2
                """, [])
        }
        #expect(rows == 2 * rounds)
    }

    @Test func severalThatStartAtOnceBringAnOlderSchemaUpToDate() async throws {
        let url = try Self.previousDatabase()
        let claimed = try await withThrowingTaskGroup(of: [UUID].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let store = try Self.store(url)
                    var mine: [UUID] = []
                    while let job = try await Self.claim(store, "train") { mine.append(job.id) }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        // The one that ran and two that waited.
        #expect(claimed.count == 3 && Set(claimed).count == 3)
    }

    /// Those that want a table wait behind a change of the table that waits behind a reader.
    @Test func aMigrationBehindALongTransactionLetsOthersPass() async throws {
        let url = try Self.previousDatabase()
        let address = try PostgreSQLAddress(url: url)
        var limits = PostgreSQLLimits()
        limits.migrationLockMilliseconds = 20
        limits.migrationPauseMilliseconds = 60
        let reader = try PostgreSQLConnection(address, limits)
        try reader.execute("BEGIN; SELECT 1 FROM job LIMIT 1")
        let store = try PostgreSQLStore(
            url: url, limits: limits, steps: Schema.steps)
        let usual = PostgreSQLLimits()
        let isDone = Shared(false)
        async let migrated: Int = {
            defer { isDone.change { $0 = true } }
            return try await store.read { try $0.countProjects() }
        }()
        let program = try PreviousProgram(url: url)
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        defer { threads.shutdownGracefully { _ in } }
        try await threads.runIfActive {
            let others = try PostgreSQLConnection(address, usual)
            // The server is changing the schema, and at times behind the reader.
            let tries = """
                SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            try Waiting.blocking(until: "a change of the schema") {
                try others.execute(tries).count > 0
            }
            for round in 0..<20 { try program.work(round: "\(round)", isEnding: true) }
        }
        #expect(!isDone.value)
        try reader.execute("COMMIT")
        #expect(try await migrated == 1)
        #expect(try await Self.claim(store, "train") != nil)
    }

    @Test func aMigrationThatCannotBeDoneSaysWhy() async throws {
        let server = try PostgreSQLServer.shared()
        let url = try Self.previousDatabase()
        var limits = PostgreSQLLimits()
        limits.migrationLockMilliseconds = 10
        limits.migrationPauseMilliseconds = 10
        limits.migrationSeconds = 0.1
        let steps = Schema.steps
        let reader = try PostgreSQLConnection(PostgreSQLAddress(url: url), limits)
        try reader.execute("BEGIN; SELECT 1 FROM job LIMIT 1")
        let hasty = limits
        func error(_ url: String) async -> String {
            let error = await #expect(throws: StorageError.self) {
                try await PostgreSQLStore(url: url, limits: hasty, steps: steps).read {
                    try $0.countProjects()
                }
            }
            return error?.message ?? ""
        }
        let waited = await error(url)
        #expect(waited.contains("lacks 0003-clusters") && waited.contains("pg_stat_activity"))
        try reader.execute("ROLLBACK")
        // Another server that does not come to an end.
        try reader.execute("SELECT pg_advisory_lock(\(0x73_706f_7474_6572))")
        #expect(await error(url).contains("another server is changing it"))
        try reader.execute("SELECT pg_advisory_unlock_all()")
        // A role that owns nothing.
        try server.sql(
            """
            CREATE ROLE visitor LOGIN;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO visitor;
            """, database: url)
        let visitor = url.replacing("postgres://spotter@", with: "postgres://visitor@")
        let refused = await error(visitor)
        #expect(refused.contains("lacks 0003-clusters") && refused.contains("owner of the tables"))
        // Once the owner has been there it is enough, also beside a newer program.
        #expect(try await Self.store(url, [Self.later]).read { try $0.countProjects() } == 1)
        try server.sql(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO visitor",
            database: url)
        let store = try Self.store(visitor)
        #expect(try await Self.claim(store, "train") != nil)
    }
}
