import FoundationEssentials
import TestSupport
import Testing
import Wire

@testable import Storage

/// What happens when the database does not do what it is asked.
@Suite struct PostgreSQLFaultTests {
    static let time = MetadataStoreContract.time

    @Test(.timeLimit(.minutes(10))) func aRestartOfTheDatabaseIsOutlasted() async throws {
        let server = try PostgreSQLServer()
        let store = try PostgreSQLStore(url: server.database())
        try await store.write { try $0.saveSetting("count", Data([0])) }
        let (isOver, progress) = (Shared(false), Shared(0))
        let written = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<4 {
                group.addTask {
                    var count = 0
                    repeat {
                        do {
                            try await store.write { [count] in
                                try $0.saveSetting("\(index)-\(count)", Data([1]))
                            }
                            count += 1
                            progress.change { $0 += 1 }
                        } catch let error as StorageError {
                            // Only an end that nobody knows may be reported, and then the key is
                            // the same.
                            #expect(error.message.contains("is not known"))
                        }
                    } while !isOver.value
                    for done in 0..<count {
                        let value = try await store.read { try $0.setting("\(index)-\(done)") }
                        #expect(value == Data([1]))
                    }
                    return count
                }
            }
            for restart in 1...3 {
                try await Waiting.until("\(restart * 40) writes") {
                    progress.value >= restart * 40
                }
                if restart < 3 { try server.restart() }
            }
            isOver.change { $0 = true }
            return try await group.reduce(0, +)
        }
        #expect(written >= 120)
        // Idle connections died too.
        try server.restart()
        #expect(try await store.read { try $0.setting("count") } == Data([0]))
    }

    @Test func aConnectionLostBeforeTheEndIsReplacedAndTheTransactionRepeated() async throws {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        let (store, runs) = (try PostgreSQLStore(url: url), Shared(0))
        try await store.write { try $0.saveSetting("count", Data([0])) }
        try await store.write { transaction in
            runs.change { $0 += 1 }
            try transaction.saveSetting("run \(runs.value)", Data())
            if runs.value == 1 { try server.endOtherConnections(url) }
            let count = try transaction.setting("count")?.first ?? 0
            try transaction.saveSetting("count", Data([count + 1]))
        }
        #expect(runs.value == 2)
        #expect(try await store.read { try $0.setting("count") } == Data([1]))
        #expect(try await store.read { try $0.setting("run 1") } == nil)
        // The same for a read, up to its very end.
        let found = try await store.read { transaction in
            let count = try transaction.setting("count")
            runs.change { $0 += 1 }
            if runs.value == 3 { try server.endOtherConnections(url) }
            return count
        }
        #expect(found == Data([1]) && runs.value == 4)
    }

    @Test func aConnectionLostAtTheEndOfAWriteIsToldAndNotRepeated() async throws {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        let (store, runs) = (try PostgreSQLStore(url: url), Shared(0))
        let error = await #expect(throws: StorageError.self) {
            try await store.write { transaction in
                runs.change { $0 += 1 }
                try transaction.saveSetting("s", Data([1]))
                try server.endOtherConnections(url)
            }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("is not known") == true)
        #expect(runs.value == 1)
        #expect(try await store.read { try $0.setting("s") } == nil)
    }

    @Test func aDatabaseThatStaysAwayIsUnavailable() async throws {
        let server = try PostgreSQLServer()
        var limits = PostgreSQLLimits()
        limits.outageSeconds = 0.3
        let store = try PostgreSQLStore(url: server.database(), limits: limits)
        try await store.write { try $0.saveSetting("s", Data([0])) }
        try server.stop()
        let error = await #expect(throws: StorageError.self) {
            try await store.write { try $0.saveSetting("s", Data([1])) }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains(server.directory) == true)
    }

    @Test func aStatementThatTakesTooLongIsEnded() async throws {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        var limits = PostgreSQLLimits()
        limits.statementMilliseconds = 200
        let (patient, hasty) = (
            try PostgreSQLStore(url: url), try PostgreSQLStore(url: url, limits: limits)
        )
        try await patient.write { try $0.saveSetting("s", Data([0])) }
        let isHeld = AsyncStream<Void>.makeStream()
        let isOver = Flag("the end of the other's wait")
        async let held: Void = patient.write { transaction in
            try transaction.saveSetting("s", Data([1]))
            isHeld.continuation.yield()
            try isOver.wait()
        }
        var holding = isHeld.stream.makeAsyncIterator()
        await holding.next()
        let error = await #expect(throws: StorageError.self) {
            try await hasty.write { try $0.saveSetting("s", Data([2])) }
        }
        isOver.raise()
        try await held
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("took longer") == true)
        // The connection is as good as before.
        try await hasty.write { try $0.saveSetting("s", Data([3])) }
        #expect(try await patient.read { try $0.setting("s") } == Data([3]))
    }

    @Test func aBodyCannotSucceedAfterAStatementFailed() async throws {
        let store = try PostgreSQLStore(url: PostgreSQLServer.shared().database())
        await #expect(throws: PostgreSQLError.self) {
            try await store.write { transaction in
                try transaction.saveSetting("s", Data([1]))
                try? transaction.save(
                    DatasetRecord(
                        project: "none", type: .train, created: Self.time, status: .createComplete))
            }
        }
        #expect(try await store.read { try $0.setting("s") } == nil)
    }

    @Test func noErrorTellsASecret() async throws {
        var limits = PostgreSQLLimits()
        limits.outageSeconds = 0
        let secret = "s3cr3t-p4ssw0rd"
        let urls = [
            "postgres://spotter:\(secret)@/db?host=/nowhere",
            "postgres://spotter:\(secret)@127.0.0.1:1/db",
            "postgres://spotter@/db?host=/nowhere&password=\(secret)",
            "postgres://spotter:\(secret)@/db?host=/nowhere&sslmode=\(secret)",
        ]
        for url in urls {
            let store = try PostgreSQLStore(url: url, limits: limits)
            let error = await #expect(throws: StorageError.self) {
                try await store.read { try $0.countProjects() }
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains(secret) == false, "\(error?.message ?? "")")
            #expect(error?.message.contains("database db at") == true)
            #expect(!store.name.contains(secret) && !store.name.contains("spotter"))
        }
        for url in [
            "postgres://u:%zz\(secret)@host/db", "host=h password=\(secret)", secret,
            "postgres://u@h/db?nonsense=\(secret)", "postgres://u:a@\(secret)@h/db",
            "postgres://u:\(secret)/x@h/db", "postgres://u:1/\(secret)@h/db",
        ] {
            let error = #expect(throws: StorageError.self) { try PostgreSQLStore(url: url) }
            #expect(error?.message.contains(secret) == false)
        }
        // Nor what is in rows.
        let store = try PostgreSQLStore(url: PostgreSQLServer.shared().database())
        let user = UserRecord(
            name: "a", accessKeyID: secret, secretAccessKey: secret, policy: "{}",
            created: Self.time)
        try await store.write { try $0.save(user) }
        let error = await #expect(throws: PostgreSQLError.self) {
            var other = user
            other.name = "b"
            try await store.write { [other] in try $0.save(other) }
        }
        #expect(error.map { "\($0)".contains(secret) } == false)
        #expect(error?.code == .constraint)
    }

    @Test func triesGetRarerAndEnd() {
        var retries = PostgreSQLRetries(limits: PostgreSQLLimits())
        func delay(_ code: PostgreSQLError.Code, after seconds: Double = 0) -> Double? {
            retries.delay(after: code, elapsedSeconds: seconds, random: 1)
        }
        #expect((0..<9).map { _ in delay(.conflict) } == [4, 8, 16, 32, 64, 128, 256, 500, 500])
        #expect((0..<16).map { _ in delay(.conflict) }.last == .some(nil))
        #expect((0..<3).map { _ in delay(.connectionLost, after: 9) } == [50, 100, 200])
        #expect(delay(.connectionLost, after: 10) == nil)
        #expect(delay(.constraint) == 0 && delay(.constraint) == nil)
        for code in [PostgreSQLError.Code.commitUnknown, .timedOut, .refused] {
            #expect(delay(code) == nil)
        }
    }
}
