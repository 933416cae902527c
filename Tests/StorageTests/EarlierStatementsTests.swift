import Foundation
import TestSupport
import Testing
import Wire

@testable import Storage

/// The statements of the version before the newest schema, from PostgreSQL's log while that
/// version's server worked. `Golden/0004-statements.jsonl` has a transaction a line, in the order
/// of their ends. Beside a program of this version they mean what they meant.
@Suite(.timeLimit(.minutes(10))) struct EarlierStatementsTests {
    private struct Statement: Decodable {
        var sql: String
        var parameters: [String?]
    }

    private static let newest = "0004-console-sessions"
    private static let tables = Schema.tables.filter { $0 != "detection_day" } + ["console_session"]

    private static func transactions() throws -> [[Statement]] {
        try Checkout.bytes("Tests/StorageTests/Golden/0004-statements.jsonl")
            .split(separator: UInt8(ascii: "\n"))
            .map { try JSONDecoder().decode([Statement].self, from: Data($0)) }
    }

    /// This version changes the schema before, within and after what the other one does, whose
    /// connection with its prepared statements stays.
    @Test(arguments: [0.0, 0.3, 0.6, 1.0])
    func theVersionBeforeFindsAndLeavesTheSameRows(_ share: Double) async throws {
        let transactions = try Self.transactions()
        let (alone, _) = try await Self.replay(transactions, changingAfter: nil)
        let change = Int(share * Double(transactions.count))
        let (beside, url) = try await Self.replay(transactions, changingAfter: change)
        #expect(beside.answers == alone.answers)
        #expect(beside.rows == alone.rows)
        // What it left is read by this one.
        let store = try PostgreSQLStore(url: url)
        let (projects, model, dataset, user) = try await store.read {
            (
                try $0.countProjects(), try $0.model("parts", 1),
                try $0.dataset("parts", .train), try $0.user("ann")
            )
        }
        #expect(projects == 2 && model?.status == .hosted && model?.files != nil)
        #expect(dataset?.stats.total == 33 && user != nil)
        let jobs = try await store.read { try $0.countJobs() }
        #expect(jobs.map(\.kind) == ["train"])
        #expect(try PostgreSQLStore.schema(url: url).missing == [])
    }

    private struct Outcome {
        var answers: [String] = []
        var rows = ""
    }

    /// - Parameter change: how many transactions are made before this version starts; nil for all.
    private static func replay(
        _ transactions: [[Statement]], changingAfter change: Int?
    ) async throws -> (Outcome, url: String) {
        let server = try PostgreSQLServer.shared()
        let url = try server.database()
        let steps = Schema.steps.filter { $0.name <= newest }
        _ = try await PostgreSQLStore(url: url, limits: PostgreSQLLimits(), steps: steps)
            .read { try $0.countProjects() }
        let connection = try PostgreSQLConnection(PostgreSQLAddress(url: url), PostgreSQLLimits())
        var store: PostgreSQLStore?
        var outcome = Outcome()
        for number in 0...transactions.count {
            if number == change { store = try PostgreSQLStore(url: url) }
            _ = try await store?.read { try $0.countJobs() }
            guard number < transactions.count else { break }
            try connection.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            for statement in transactions[number] {
                let rows = try connection.execute(
                    statement.sql, statement.parameters.map { $0 as (any SQLBindable)? })
                let columns = rows.count > 0 ? 1 : 0
                outcome.answers += (0..<rows.count * columns).map { rows.text($0, 0) }
            }
            try connection.execute("COMMIT")
        }
        for table in tables {
            let columns = try columns(of: table, url)
            outcome.rows += try server.sql(
                "SELECT \(columns) FROM \"\(table)\" ORDER BY 1, 2", database: url)
        }
        return (outcome, url)
    }

    /// Those that the schema had then.
    private static func columns(of table: String, _ url: String) throws -> String {
        try PostgreSQLServer.shared().sql(
            """
            SELECT string_agg(quote_ident(column_name), ', ' ORDER BY column_name)
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = '\(table)'
            """, database: url)
    }
}
