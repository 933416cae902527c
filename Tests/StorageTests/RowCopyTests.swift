import FoundationEssentials
import GRDB
import TestSupport
import Testing
import Wire

@testable import Storage

/// Rows that move from SQLite to PostgreSQL.
@Suite struct RowCopyTests {
    static let time = MetadataStoreContract.time

    private struct Source {
        let directory: TemporaryDirectory
        let store: SQLiteStore
        var path: String { "\(directory.path)/spotter.sqlite" }

        init(_ content: Data? = nil) throws {
            directory = try TemporaryDirectory()
            let path = "\(directory.path)/spotter.sqlite"
            try content?.write(to: URL(filePath: path))
            store = try SQLiteStore(path: path)
        }
    }

    private static func copy(_ path: String, to url: String) async throws -> [RowCopy.TableCount] {
        try await RowCopy.copy(sqlite: path, to: url) { _ in }
    }

    /// A statement that no client's call leads to.
    private static func damage(_ store: SQLiteStore, _ sql: String) async throws {
        try await store.write {
            try $0.execute(sql, [])
        }
    }

    @Test func everyRowArrivesAsItWas() async throws {
        let source = try Source()
        try await RowCopyRows.fill(source.store)
        let before = try Data(contentsOf: URL(filePath: source.path))
        let url = try PostgreSQLServer.shared().database()
        let progress = Shared([RowCopy.TableCount]())
        let counts = try await RowCopy.copy(sqlite: source.path, to: url) { count in
            progress.change { $0.append(count) }
        }
        #expect(counts.map(\.table) == Schema.tables)
        #expect(counts.allSatisfy { $0.rows > 0 })
        #expect(counts.first { $0.table == "dataset_entry" }?.rows == RowCopyRows.entries)
        // Some batches of a table, then the next table.
        #expect(
            progress.value.filter { $0.table == "dataset_entry" }.map(\.rows) == [256, 512, 700])
        for count in counts { #expect(progress.value.last { $0.table == count.table } == count) }
        let target = try PostgreSQLStore(url: url)
        try await RowCopyRows.compare(source.store, target)
        // The source is as it was, byte by byte.
        #expect(try Data(contentsOf: URL(filePath: source.path)) == before)
    }

    @Test func positionsGoOnAfterThoseOfTheSource() async throws {
        let source = try Source()
        try await RowCopyRows.fill(source.store)
        let url = try PostgreSQLServer.shared().database()
        _ = try await Self.copy(source.path, to: url)
        let added = DatasetEntry(
            sourceRef: "s3://b/new", line: "{}", verdict: nil, created: Self.time)
        for store in [source.store, try PostgreSQLStore(url: url)] as [any MetadataStore] {
            try await store.write { transaction in
                try transaction.addEntries([added], project: "p", type: .train)
                try transaction.save(
                    JobRecord(id: UUID(), kind: "new", subject: Data(), created: Self.time))
            }
        }
        let target = try PostgreSQLStore(url: url)
        let filter = EntryFilter(project: "p", type: .train)
        let newest = try await source.store.read {
            try $0.entries(matching: filter, before: nil, limit: 1)
        }
        let copied = try await target.read {
            try $0.entries(matching: filter, before: nil, limit: 1)
        }
        #expect(copied.map(\.entry) == [added] && newest.map(\.entry) == [added])
        // SQLite gives no position twice, not even that of a row that was removed.
        #expect(copied.map(\.position) == newest.map(\.position))
    }

    @Test func aRunningJobIsQueuedForOthers() async throws {
        let source = try Source()
        try await RowCopyRows.fill(source.store)
        // A newer program with the same schema wrote into it.
        let newer = #""newer":{"of":[1.5,"ü"]}"#
        try await source.store.write {
            try $0.execute(
                """
                UPDATE job SET document = '{\(newer),' || substr(document, 2)
                WHERE state = 'running'
                """, [])
        }
        let url = try PostgreSQLServer.shared().database()
        _ = try await Self.copy(source.path, to: url)
        let target = try PostgreSQLStore(url: url)
        let kept = try await target.read {
            try $0.integer(
                "SELECT COUNT(*) FROM job WHERE strpos(document, $1) > 0", [newer])
        }
        #expect(kept == 1)
        let running = try await source.store.read { try $0.runningJobs() }
        #expect(running.count == 1)
        for var job in running {
            job.state = .queued
            (job.leaseOwner, job.leaseExpiry) = (nil, nil)
            let id = job.id
            #expect(try await target.read { try $0.job(id) } == job)
            // Long before its lease would have ended.
            let claimed = try await target.write {
                try $0.claimableJob(kinds: ["run"], now: Self.time)
            }
            #expect(claimed == job)
        }
        #expect(try await target.read { try $0.runningJobs() }.isEmpty)
    }

    @Test func aSourceOfAnOlderSchemaIsBroughtUpToDateInACopy() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/db"
        let golden = try Checkout.bytes("Tests/StorageTests/Golden/0001.sqlite")
        try golden.write(to: URL(filePath: path))
        let url = try PostgreSQLServer.shared().database()
        let counts = try await Self.copy(path, to: url)
        #expect(counts.first { $0.table == "dataset_entry" }?.rows == 2)
        #expect(try Data(contentsOf: URL(filePath: path)) == golden)
        let target = try PostgreSQLStore(url: url)
        var filter = EntryFilter(project: "old", type: .train)
        filter.createdAfter = Self.time
        let found = try await target.read { [filter] in
            try $0.entries(matching: filter, before: nil, limit: 9)
        }
        #expect(found.map(\.entry.sourceRef) == ["s3://b/1"])
        #expect(try await target.read { try $0.setting("s") } == Data([1, 2]))
    }

    @Test func aDatabaseWithRowsIsRefused() async throws {
        let source = try Source()
        let server = try PostgreSQLServer.shared()
        let rows: [(String, @Sendable (MetadataTransaction) throws -> Void)] = [
            ("project", { try $0.save(ProjectRecord(name: "there", created: Self.time)) }),
            (
                "job",
                {
                    try $0.save(
                        JobRecord(id: UUID(), kind: "k", subject: Data(), created: Self.time))
                }
            ),
            ("tag", { try $0.addTags([Tag(key: "k", value: "v")], to: "r") }),
            (
                "staged_object",
                { try $0.saveStagedObject(StagedObject(key: "k", created: Self.time)) }
            ),
        ]
        for (table, make) in rows {
            let url = try server.database()
            try await PostgreSQLStore(url: url).write(make)
            let error = await #expect(throws: StorageError.self) {
                try await Self.copy(source.path, to: url)
            }
            #expect(error?.message.contains("in its table \(table);") == true)
            #expect(try server.sql("SELECT COUNT(*) FROM \(table)", database: url) == "1")
        }
    }

    @Test func settingsOfTheTargetGiveWayAndItsMembersCount() async throws {
        let source = try Source()
        try await source.store.write { try $0.saveSetting("page-token-key", Data([1])) }
        let url = try PostgreSQLServer.shared().database()
        let target = try PostgreSQLStore(url: url)
        var member = MemberRecord(
            id: UUID(), role: .server, host: "h", version: "1", kinds: [], places: 0,
            started: Date())
        try await target.write { [member] transaction in
            try transaction.saveSetting("page-token-key", Data([2]))
            try transaction.save(member)
        }
        let error = await #expect(throws: StorageError.self) {
            try await Self.copy(source.path, to: url)
        }
        #expect(error?.message.contains("A server or a worker uses") == true)
        // One that died long ago does not.
        member.seen = Date().addingTimeInterval(-3600)
        try await target.write { [member] in try $0.save(member) }
        _ = try await Self.copy(source.path, to: url)
        #expect(try await target.read { try $0.setting("page-token-key") } == Data([1]))
    }

    /// `component` is copied long after the rest.
    @Test func aTextThatPostgreSQLDoesNotStoreIsNamedAndNothingIsWritten() async throws {
        let source = try Source()
        try await RowCopyRows.fill(source.store)
        let url = try PostgreSQLServer.shared().database()
        let target = try PostgreSQLStore(url: url)
        let texts = [
            ("'a' || char(0) || 'b'", "the row 'a\\0b', '1.0.0' of table component", "U+0000"),
            ("CAST(x'61ff62' AS TEXT)", "of table component has bytes that are not UTF-8", "name"),
        ]
        for (text, message, other) in texts {
            try await Self.damage(
                source.store, "UPDATE component SET name = \(text) WHERE version = '1.0.0'")
            let error = await #expect(throws: StorageError.self) {
                try await Self.copy(source.path, to: url)
            }
            #expect(error?.code == .invalidName)
            for part in [message, other] {
                #expect(error?.message.lowercased().contains(part.lowercased()) == true)
            }
            #expect(try await target.read { try $0.countProjects() } == 0)
            #expect(try await target.read { try $0.users() }.isEmpty)
        }
        try await Self.damage(
            source.store, "UPDATE component SET name = 'c' WHERE version = '1.0.0'")
        _ = try await Self.copy(source.path, to: url)
        try await RowCopyRows.compare(source.store, target)
    }

    @Test func whatIsNoSourceIsNamed() async throws {
        let url = try PostgreSQLServer.shared().database()
        let source = try Source()
        let other = "\(source.directory.path)/other"
        func message() async -> String {
            let error = await #expect(throws: StorageError.self) {
                try await Self.copy(other, to: url)
            }
            return error?.message ?? ""
        }
        #expect(await message().contains("\(other) could not be read"))
        try Data(repeating: 65, count: 5000).write(to: URL(filePath: other))
        #expect(await message().contains("\(other) could not be read"))
        try Data().write(to: URL(filePath: other))
        #expect(await message().contains("\(other) is not a database of Spotter's"))
        // Nothing was made where there was nothing.
        #expect(try Data(contentsOf: URL(filePath: other)).isEmpty)
        try await Self.damage(
            source.store, "INSERT INTO grdb_migrations VALUES ('0900-what-nobody-knows')")
        let error = await #expect(throws: StorageError.self) {
            try await Self.copy(source.path, to: url)
        }
        #expect(error?.message.contains("newer Spotter") == true)
        await #expect(throws: StorageError.self) {
            try await Self.copy(source.path, to: "postgres://u:a@b@host/db")
        }
    }

    @Test func bothSchemasHaveTheSameTablesAndColumnsAndAllAreCopied() async throws {
        let source = try Source()
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        _ = try await PostgreSQLStore(url: url).read { try $0.countProjects() }
        let columns = try server.sql(
            """
            SELECT table_name || '.' || column_name FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> 'spotter_migration'
            """, database: url
        ).split(separator: "\n").map(String.init)
        let tables = Set(columns.compactMap { $0.split(separator: ".").first.map(String.init) })
        #expect(tables == Set(Schema.tables + ["member", "console_session"]))
        let snapshot = try RowCopySource(path: source.path)
        let here = try tables.flatMap { table in
            try snapshot.columns(of: table).map { "\(table).\($0)" }
        }
        #expect(Set(here) == Set(columns))
        let there = try await source.store.read {
            try $0.connection.query(
                """
                SELECT name FROM sqlite_master
                WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name <> 'grdb_migrations'
                """, []
            ) { $0.text(0) }
        }
        #expect(Set(there) == tables)
    }
}
