import Base
import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// Rows of a PostgreSQL database that are kept before its schema is changed.
@Suite(.timeLimit(.minutes(10))) struct PostgreSQLSchemaChangeTests {
    private struct Refused: Error {}

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func store(
        _ url: String, _ observer: @escaping PostgreSQLSchemaChange.Observer
    ) throws -> PostgreSQLStore {
        try PostgreSQLStore(url: url, observer: observer)
    }

    /// A database as the version before clusters left it.
    private static func earlier() throws -> String {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        let sql = try Checkout.bytes("Tests/StorageTests/Golden/0002.sql")
        try server.sql(String(decoding: sql, as: UTF8.self), database: url)
        return url
    }

    /// Every row of every table of data, in an order of their own.
    private static func rows(_ url: String) throws -> [String] {
        try Schema.tables.flatMap { table in
            try PostgreSQLServer.shared().sql(
                "SELECT '\(table)', * FROM \"\(table)\"", database: url
            ).split(separator: "\n").map(String.init).sorted()
        }
    }

    @Test func theRowsAreKeptInAFileFromWhichTheyComeBack() async throws {
        let url = try Self.earlier()
        let server = try PostgreSQLServer.shared()
        // What a file must not lose: bytes, numbers of all sizes, and positions of removed rows.
        try server.sql(
            """
            INSERT INTO setting VALUES ('bytes', '\\x00ff10');
            INSERT INTO job (id, kind, state, not_before, document)
                VALUES ('last', 'x', 'failed', 1.1, '{}');
            INSERT INTO job (id, kind, state, not_before, document)
                VALUES ('removed', 'x', 'queued', 792000000.123456789, '{}');
            DELETE FROM job WHERE id = 'removed';
            UPDATE job SET state = 'failed', document = '{}'
            """, database: url)
        let path = "\(directory.path)/rows.sqlite"
        // Somebody else's, who could read what is written into it.
        try Data("theirs".utf8).write(to: URL(filePath: path))
        let kept = Mutex<[[String]]>([])
        let bytes = Mutex(0)
        let opened = try store(url) { change in
            try change.copyRows(path)
            kept.withLock { $0.append(change.applied + ["→"] + change.missing) }
            bytes.withLock { $0 = change.bytes }
        }
        #expect(try await opened.read { try $0.countProjects() } > 0)
        let names = Schema.names
        #expect(kept.withLock { $0 } == [names.prefix(2) + ["→"] + names.dropFirst(2)])
        #expect(bytes.withLock { $0 } > 8192)
        #expect(try SQLiteFile.schema(path).applied == Array(names.prefix(2)))
        #expect(try SQLiteFile.problems(path) == [])
        #expect(FileStatus(at: path)?.mode == 0o600)
        let again = try server.database()
        _ = try await RowCopy.copy(sqlite: path, to: again) { _ in }
        let expected = try Self.rows(url)
        #expect(try Self.rows(again) == expected)
        #expect(expected.contains { $0.hasPrefix("dataset_entry") })
        let last = "SELECT pg_sequence_last_value(pg_get_serial_sequence('job', 'position'))"
        #expect(try server.sql(last, database: again) == server.sql(last, database: url))
    }

    @Test func onlyAChangeOfTablesThatAreThereIsTold() async throws {
        let url = try PostgreSQLServer.shared().database()
        for _ in 0..<2 {
            let opened = try store(url) { _ in throw Refused() }
            #expect(try await opened.read { try $0.countProjects() } == 0)
        }
    }

    @Test func aRefusalChangesNothingAndIsAskedAgain() async throws {
        let url = try Self.earlier()
        let calls = Mutex(0)
        let refusing = try store(url) { _ in
            calls.withLock { $0 += 1 }
            throw Refused()
        }
        for count in 1...2 {
            await #expect(throws: Refused.self) { try await refusing.read { _ in } }
            #expect(calls.withLock { $0 } == count)
            #expect(try PostgreSQLStore.schema(url: url).applied.count == 2)
        }
        // The lock was given back.
        let opened = try store(url) { _ in }
        #expect(try await opened.read { try $0.countProjects() } > 0)
    }

    @Test func ofSeveralThatStartAtOnceOneIsTold() async throws {
        let url = try Self.earlier()
        let calls = Mutex(0)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                let opened = try store(url) { _ in calls.withLock { $0 += 1 } }
                group.addTask { try await opened.read { try $0.countProjects() } }
            }
            for try await count in group { #expect(count > 0) }
        }
        #expect(calls.withLock { $0 } == 1)
    }

    /// What a backup takes is not taken off the time that the tables have to become free.
    @Test func aLongBackupLeavesTheChangeItsTime() async throws {
        let url = try Self.earlier()
        var limits = PostgreSQLLimits()
        limits.migrationLockMilliseconds = 10
        limits.migrationPauseMilliseconds = 10
        limits.migrationSeconds = 2
        // A transaction that the server ends by itself.
        let reader = try PostgreSQLConnection(PostgreSQLAddress(url: url), limits)
        try reader.execute(
            """
            SET idle_in_transaction_session_timeout = 2600;
            BEGIN; SELECT 1 FROM job LIMIT 1
            """)
        let opened = try PostgreSQLStore(url: url, limits: limits) { _ in usleep(2_500_000) }
        #expect(try await opened.read { try $0.countProjects() } > 0)
        withExtendedLifetime(reader) {}
    }

    /// Every try after the backup began the time anew, so that a server waited without an end.
    @Test func tablesThatStayInUseEndTheChangeAfterItsTime() async throws {
        let url = try Self.earlier()
        var limits = PostgreSQLLimits()
        limits.migrationLockMilliseconds = 10
        limits.migrationPauseMilliseconds = 10
        limits.migrationSeconds = 1
        // So that even a server that waits without an end comes to one here.
        let reader = try PostgreSQLConnection(PostgreSQLAddress(url: url), limits)
        try reader.execute(
            """
            SET idle_in_transaction_session_timeout = 20000;
            BEGIN; SELECT 1 FROM job LIMIT 1
            """)
        let calls = Mutex(0)
        let opened = try PostgreSQLStore(url: url, limits: limits) { _ in
            calls.withLock { $0 += 1 }
        }
        let error = await #expect(throws: StorageError.self) {
            try await opened.read { try $0.countProjects() }
        }
        #expect(error?.message.contains("pg_stat_activity") == true)
        #expect(calls.withLock { $0 } == 1)
        withExtendedLifetime(reader) {}
    }

    /// The process dies, or the database goes away, while the rows are copied.
    @Test func aLostConnectionIsTriedAgain() async throws {
        let url = try Self.earlier()
        let path = "\(directory.path)/rows.sqlite"
        let calls = Mutex(0)
        let opened = try store(url) { change in
            let isFirst = calls.withLock { calls in
                calls += 1
                return calls == 1
            }
            if isFirst {
                try PostgreSQLServer.shared().sql(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """, database: url)
            }
            try change.copyRows(path)
        }
        #expect(try await opened.read { try $0.countProjects() } > 0)
        #expect(calls.withLock { $0 } == 2)
        #expect(try SQLiteFile.schema(path).applied.count == 2)
    }
}
