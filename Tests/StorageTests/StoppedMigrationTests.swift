import FoundationEssentials
import GRDB
import TestSupport
import Testing

@testable import Storage

/// A process that is killed within a step of the schema, after any of the step's statements: the
/// next start makes the rest, and the rows are those of a start that nothing stopped.
@Suite(.timeLimit(.minutes(10))) struct StoppedMigrationTests {
    private struct Killed: Error {}

    // MARK: SQLite

    /// What is in the three files after a statement is what a killed process leaves of them.
    @Test(arguments: Schema.names)
    func nothingIsLostByAKillAfterAnyStatementInSQLite(_ step: String) throws {
        let directory = try TemporaryDirectory()
        let clean = "\(directory.path)/clean"
        try Self.sqliteDatabase(before: step, clean)
        _ = try SQLiteStore(path: clean)
        let expected = try Self.sqliteRows(clean)
        var (count, isKilled) = (0, true)
        while isKilled {
            let path = "\(directory.path)/\(count)"
            let left = "\(path)-killed"
            try Self.sqliteDatabase(before: step, path)
            isKilled = try Self.kill(path, in: step, afterStatements: count, leaving: left)
            if isKilled {
                #expect(try SQLiteFile.schema(left).applied == Schema.names.filter { $0 < step })
                _ = try SQLiteStore(path: left)
                #expect(try Self.sqliteRows(left) == expected, "\(count) statements")
                #expect(try SQLiteFile.problems(left) == [])
                #expect(try SQLiteFile.schema(left).missing == [])
                count += 1
            }
        }
        // None, and each of them.
        #expect(count >= 2)
    }

    /// A process that died while it wrote pages has left a journal, which only one that may write
    /// can roll back. Copies have such journals until a server opens them.
    @Test func aFileWithAJournalOfADeadProcessIsLookedAt() throws {
        let directory = try TemporaryDirectory()
        let (path, left) = ("\(directory.path)/db", "\(directory.path)/left")
        try Checkout.bytes("Tests/StorageTests/Golden/0002.sqlite").write(to: URL(filePath: path))
        let expected = try Self.sqliteRows(path)
        let queue = try DatabaseQueue(path: path)
        try queue.inTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA cache_size = 1; PRAGMA cache_spill = 1; DELETE FROM tag;
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                    INSERT INTO setting SELECT 'k' || i, x'00' FROM n
                    """)
            for end in ["", "-journal"] {
                try FileManager.default.copyItem(atPath: path + end, toPath: left + end)
            }
            return .rollback
        }
        #expect(try SQLiteFile.schema(left).applied.count == 2)
        #expect(try Self.sqliteRows(left) == expected)
    }

    /// A database as a program left it that knew the steps before `step`, with its rows.
    private static func sqliteDatabase(before step: String, _ path: String) throws {
        let known = Schema.names.filter { $0 < step }
        guard let last = known.last else { return }
        try Checkout.bytes("Tests/StorageTests/Golden/0001.sqlite").write(to: URL(filePath: path))
        let pool = try DatabasePool(path: path)
        try Schema.sqliteMigrator.migrate(pool, upTo: last)
        try pool.close()
    }

    /// - Returns: false when the step has fewer statements; then it was made.
    private static func kill(
        _ path: String, in step: String, afterStatements count: Int, leaving left: String
    ) throws -> Bool {
        var migrator = DatabaseMigrator()
        for other in Schema.steps where other.name <= step {
            migrator.registerMigration(other.name) { database in
                guard other.name == step else { return try database.execute(sql: "SELECT 1") }
                // Pages go to the log while the transaction lasts, as those of a large table do.
                try database.execute(sql: "PRAGMA cache_size = 1; PRAGMA cache_spill = 1")
                let statements = try database.allStatements(sql: other.sql(.sqlite))
                var done = 0
                while done < count, let statement = try statements.next() {
                    try statement.execute()
                    done += 1
                }
                guard done == count else { return }
                for end in ["", "-wal", "-shm"]
                where FileManager.default.fileExists(atPath: path + end) {
                    try FileManager.default.copyItem(atPath: path + end, toPath: left + end)
                }
                throw Killed()
            }
        }
        let pool = try DatabasePool(path: path)
        do {
            try migrator.migrate(pool)
            return false
        } catch is Killed {
            return true
        }
    }

    /// Every row of every table, in an order of their own, and the schema.
    private static func sqliteRows(_ path: String) throws -> [String] {
        let queue = try DatabaseQueue(path: path)
        return try queue.read { database in
            let tables = try Row.fetchAll(
                database, sql: "SELECT name, sql FROM sqlite_master ORDER BY name")
            return try tables.flatMap { table -> [String] in
                guard (table["sql"] as String?)?.hasPrefix("CREATE TABLE") == true else {
                    return ["\(table)"]
                }
                let name: String = table["name"]
                let rows = try Row.fetchAll(database, sql: "SELECT * FROM \"\(name)\"")
                return ["\(table)"] + rows.map { "\(name) \($0)" }.sorted()
            }
        }
    }

    // MARK: PostgreSQL

    /// The database loses the connection after a statement, as when the process is killed.
    @Test(arguments: Schema.names)
    func nothingIsLostByAKillAfterAnyStatementInPostgreSQL(_ step: String) async throws {
        let clean = try await Self.postgreSQLDatabase(before: step)
        _ = try await Self.open(clean, Schema.steps)
        let expected = try Self.postgreSQLRows(clean)
        let place = try #require(Schema.names.firstIndex(of: step))
        let statements = Self.statements(Schema.steps[place].sql(.postgreSQL))
        for count in 0...statements.count {
            let url = try await Self.postgreSQLDatabase(before: step)
            let before = try Self.postgreSQLRows(url)
            let ending =
                statements.prefix(count) + ["SELECT pg_terminate_backend(pg_backend_pid())"]
            var steps = Schema.steps
            steps[place] = Schema.Step(step) { _ in ending.joined(separator: ";\n") }
            let opened = try? await Self.open(url, steps)
            #expect(opened == nil, "\(count) statements")
            #expect(try Self.postgreSQLRows(url) == before, "\(count) statements")
            _ = try await Self.open(url, Schema.steps)
            #expect(try Self.postgreSQLRows(url) == expected, "\(count) statements")
            #expect(try PostgreSQLStore.schema(url: url).missing == [])
        }
    }

    /// Connects and brings the schema up to date; an error does not lead to a second try.
    private static func open(_ url: String, _ steps: [Schema.Step]) async throws -> Int {
        var limits = PostgreSQLLimits()
        limits.outageSeconds = 0
        return try await PostgreSQLStore(url: url, limits: limits, steps: steps).read {
            try $0.countProjects()
        }
    }

    private static func postgreSQLDatabase(before step: String) async throws -> String {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        let known = Schema.steps.filter { $0.name < step }
        guard let first = known.first else { return url }
        _ = try await open(url, [first])
        try server.sql(
            """
            INSERT INTO project VALUES ('old', '{"created":1.25,"name":"old"}');
            INSERT INTO dataset VALUES ('old', 'train', '{}');
            INSERT INTO dataset_entry (project, type, source_ref, document)
                VALUES ('old', 'train', 's3://b/0', '{"created":791692800.25}');
            INSERT INTO model VALUES ('old', 2, 'TRAINED', '{}');
            INSERT INTO job (id, kind, state, not_before, document)
                VALUES ('1', 'train', 'queued', 1.5, '{}'), ('2', 'train', 'running', 2.5, '{}');
            INSERT INTO setting VALUES ('s', '\\x0102');
            """, database: url)
        _ = try await open(url, known)
        return url
    }

    /// Without comments; none of the steps has a semicolon within a statement.
    private static func statements(_ sql: String) -> [String] {
        let lines = sql.split(separator: "\n").filter {
            !$0.drop { $0 == " " }.hasPrefix("--")
        }
        return lines.joined(separator: "\n").split(separator: ";").map(String.init).filter {
            !$0.allSatisfy(\.isWhitespace)
        }
    }

    /// The lines of every row of every table, and every column and index.
    private static func postgreSQLRows(_ url: String) throws -> [String] {
        let text = try PostgreSQLServer.shared().sql(
            """
            SELECT schema_to_xml('public', true, false, '');
            SELECT table_name, column_name, data_type, column_default, is_nullable
                FROM information_schema.columns WHERE table_schema = 'public';
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'public';
            """, database: url)
        return text.split(separator: "\n").map(String.init).sorted()
    }
}
