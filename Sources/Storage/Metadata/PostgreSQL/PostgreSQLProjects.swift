import FoundationEssentials
import Wire

extension PostgreSQLTransaction: ProjectTable {
    func project(_ name: String) throws -> ProjectRecord? {
        try one("SELECT document FROM project WHERE name = $1", [name])
    }

    func projects(after: String?, limit: Int) throws -> [ProjectRecord] {
        try all(
            "SELECT document FROM project WHERE name > $1 ORDER BY name LIMIT $2",
            [after ?? "", limit])
    }

    func save(_ project: ProjectRecord) throws {
        try execute(
            """
            INSERT INTO project (name, document) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET document = excluded.document
            """, [project.name, try document(project)])
    }

    func countProjects() throws -> Int {
        try integer("SELECT COUNT(*) FROM project", [])
    }

    func removeProject(_ name: String) throws {
        try execute("DELETE FROM packaging_job WHERE project = $1", [name])
        try execute("DELETE FROM project WHERE name = $1", [name])
    }
}

extension PostgreSQLTransaction: DatasetTable {
    func dataset(_ project: String, _ type: DatasetType) throws -> DatasetRecord? {
        try one(
            "SELECT document FROM dataset WHERE project = $1 AND type = $2",
            [project, type.rawValue])
    }

    func datasets(_ project: String) throws -> [DatasetRecord] {
        try all("SELECT document FROM dataset WHERE project = $1 ORDER BY type DESC", [project])
    }

    func save(_ dataset: DatasetRecord) throws {
        try execute(
            """
            INSERT INTO dataset (project, type, document) VALUES ($1, $2, $3)
            ON CONFLICT (project, type) DO UPDATE SET document = excluded.document
            """, [dataset.project, dataset.type.rawValue, try document(dataset)])
    }

    func removeDataset(_ project: String, _ type: DatasetType) throws {
        try execute(
            "DELETE FROM dataset WHERE project = $1 AND type = $2", [project, type.rawValue])
    }

    func saveChange(_ lines: Data?, project: String, type: DatasetType) throws {
        guard let lines else {
            return try execute(
                "DELETE FROM dataset_change WHERE project = $1 AND type = $2",
                [project, type.rawValue])
        }
        try execute(
            """
            INSERT INTO dataset_change (project, type, lines) VALUES ($1, $2, $3)
            ON CONFLICT (project, type) DO UPDATE SET lines = excluded.lines
            """, [project, type.rawValue, lines])
    }

    func change(project: String, type: DatasetType) throws -> Data? {
        try blob(
            "SELECT lines FROM dataset_change WHERE project = $1 AND type = $2",
            [project, type.rawValue])
    }
}

extension PostgreSQLTransaction: ModelTable {
    func model(_ project: String, _ version: Int) throws -> ModelRecord? {
        try one(
            "SELECT document FROM model WHERE project = $1 AND version = $2", [project, version])
    }

    func models(_ project: String, before: Int?, limit: Int) throws -> [ModelRecord] {
        try all(
            """
            SELECT document FROM model WHERE project = $1 AND version < $2
            ORDER BY version DESC LIMIT $3
            """, [project, before ?? Int.max, limit])
    }

    func models(status: ModelStatus) throws -> [ModelRecord] {
        try all(
            "SELECT document FROM model WHERE status = $1 ORDER BY project, version",
            [status.rawValue])
    }

    func save(_ model: ModelRecord) throws {
        try execute(
            """
            INSERT INTO model (project, version, status, document) VALUES ($1, $2, $3, $4)
            ON CONFLICT (project, version)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """, [model.project, model.version, model.status.rawValue, try document(model)])
        // Trainings save every second what they are at, and nobody waits for that.
        if model.status != .training { news.insert(.models) }
    }

    func countModels(_ project: String) throws -> Int {
        try integer("SELECT COUNT(*) FROM model WHERE project = $1", [project])
    }

    func removeModel(_ project: String, _ version: Int) throws {
        try execute("DELETE FROM model WHERE project = $1 AND version = $2", [project, version])
    }
}
