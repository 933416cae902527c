import FoundationEssentials
import GRDB
import Wire

/// The statements behind `MetadataTransaction`.
struct SQLiteTransaction {
    /// What is to be told once the transaction has been written.
    final class News {
        var topics: Set<MetadataChanges.Topic> = []
    }

    let database: Database
    let news = News()

    func document(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(record), as: UTF8.self)
    }

    func all<Record: Decodable>(_ sql: String, _ arguments: StatementArguments) throws
        -> [Record]
    {
        let decoder = JSONDecoder()
        return try String.fetchAll(statement(sql), arguments: arguments).map {
            try decoder.decode(Record.self, from: Data($0.utf8))
        }
    }

    func one<Record: Decodable>(_ sql: String, _ arguments: StatementArguments) throws
        -> Record?
    {
        let records: [Record] = try all(sql, arguments)
        return records.first
    }

    func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try statement(sql).execute(arguments: arguments)
    }

    /// Prepared once for each connection: preparing takes longer than most statements.
    func statement(_ sql: String) throws -> Statement { try database.cachedStatement(sql: sql) }
}

extension SQLiteTransaction: ProjectTable {
    func project(_ name: String) throws -> ProjectRecord? {
        try one("SELECT document FROM project WHERE name = ?", [name])
    }

    func projects(after: String?, limit: Int) throws -> [ProjectRecord] {
        try all(
            "SELECT document FROM project WHERE name > ? ORDER BY name LIMIT ?",
            [after ?? "", limit])
    }

    func save(_ project: ProjectRecord) throws {
        try execute(
            """
            INSERT INTO project (name, document) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET document = excluded.document
            """, [project.name, try document(project)])
    }

    func countProjects() throws -> Int {
        try Int.fetchOne(statement("SELECT COUNT(*) FROM project")) ?? 0
    }

    func removeProject(_ name: String) throws {
        try execute("DELETE FROM packaging_job WHERE project = ?", [name])
        try execute("DELETE FROM project WHERE name = ?", [name])
    }
}

extension SQLiteTransaction: DatasetTable {
    func dataset(_ project: String, _ type: DatasetType) throws -> DatasetRecord? {
        try one(
            "SELECT document FROM dataset WHERE project = ? AND type = ?",
            [project, type.rawValue])
    }

    func datasets(_ project: String) throws -> [DatasetRecord] {
        try all("SELECT document FROM dataset WHERE project = ? ORDER BY type DESC", [project])
    }

    func save(_ dataset: DatasetRecord) throws {
        try execute(
            """
            INSERT INTO dataset (project, type, document) VALUES (?, ?, ?)
            ON CONFLICT (project, type) DO UPDATE SET document = excluded.document
            """, [dataset.project, dataset.type.rawValue, try document(dataset)])
    }

    func removeDataset(_ project: String, _ type: DatasetType) throws {
        try execute(
            "DELETE FROM dataset WHERE project = ? AND type = ?", [project, type.rawValue])
    }

    func saveChange(_ lines: Data?, project: String, type: DatasetType) throws {
        guard let lines else {
            return try execute(
                "DELETE FROM dataset_change WHERE project = ? AND type = ?",
                [project, type.rawValue])
        }
        try execute(
            """
            INSERT INTO dataset_change (project, type, lines) VALUES (?, ?, ?)
            ON CONFLICT (project, type) DO UPDATE SET lines = excluded.lines
            """, [project, type.rawValue, lines])
    }

    func change(project: String, type: DatasetType) throws -> Data? {
        try Data.fetchOne(
            statement("SELECT lines FROM dataset_change WHERE project = ? AND type = ?"),
            arguments: [project, type.rawValue])
    }
}

extension SQLiteTransaction: ModelTable {
    func model(_ project: String, _ version: Int) throws -> ModelRecord? {
        try one(
            "SELECT document FROM model WHERE project = ? AND version = ?", [project, version])
    }

    func models(_ project: String, before: Int?, limit: Int) throws -> [ModelRecord] {
        try all(
            """
            SELECT document FROM model WHERE project = ? AND version < ?
            ORDER BY version DESC LIMIT ?
            """, [project, before ?? Int.max, limit])
    }

    func models(status: ModelStatus) throws -> [ModelRecord] {
        try all(
            "SELECT document FROM model WHERE status = ? ORDER BY project, version",
            [status.rawValue])
    }

    func save(_ model: ModelRecord) throws {
        try execute(
            """
            INSERT INTO model (project, version, status, document) VALUES (?, ?, ?, ?)
            ON CONFLICT (project, version)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """, [model.project, model.version, model.status.rawValue, try document(model)])
        // Trainings save every second what they are at, and nobody waits for that.
        if model.status != .training { news.topics.insert(.models) }
    }

    func countModels(_ project: String) throws -> Int {
        try Int.fetchOne(
            statement("SELECT COUNT(*) FROM model WHERE project = ?"), arguments: [project])
            ?? 0
    }

    func removeModel(_ project: String, _ version: Int) throws {
        try execute("DELETE FROM model WHERE project = ? AND version = ?", [project, version])
    }
}
