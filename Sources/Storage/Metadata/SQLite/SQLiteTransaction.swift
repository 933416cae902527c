import FoundationEssentials
import GRDB
import Wire

/// The statements behind `MetadataTransaction`.
struct SQLiteTransaction {
    let database: Database

    private func document(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(record), as: UTF8.self)
    }

    private func all<Record: Decodable>(_ sql: String, _ arguments: StatementArguments) throws
        -> [Record]
    {
        let decoder = JSONDecoder()
        return try String.fetchAll(database, sql: sql, arguments: arguments).map {
            try decoder.decode(Record.self, from: Data($0.utf8))
        }
    }

    private func one<Record: Decodable>(_ sql: String, _ arguments: StatementArguments) throws
        -> Record?
    {
        let records: [Record] = try all(sql, arguments)
        return records.first
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.execute(sql: sql, arguments: arguments)
    }
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

    func addEntries(_ entries: [DatasetEntry], project: String, type: DatasetType) throws {
        let statement = try database.makeStatement(
            sql: """
                INSERT INTO dataset_entry (project, type, source_ref, verdict, document)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (project, type, source_ref)
                DO UPDATE SET verdict = excluded.verdict, document = excluded.document
                """)
        for entry in entries {
            try statement.execute(arguments: [
                project, type.rawValue, entry.sourceRef, entry.verdict, try document(entry),
            ])
        }
    }

    func removeEntries(project: String, type: DatasetType) throws {
        try execute(
            "DELETE FROM dataset_entry WHERE project = ? AND type = ?", [project, type.rawValue])
    }

    func entries(project: String, type: DatasetType, offset: Int, limit: Int) throws
        -> [DatasetEntry]
    {
        try all(
            """
            SELECT document FROM dataset_entry WHERE project = ? AND type = ?
            ORDER BY position LIMIT ? OFFSET ?
            """, [project, type.rawValue, limit, offset])
    }

    func countEntries(project: String, type: DatasetType) throws -> ImageStats {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT COUNT(*) AS total, COUNT(verdict) AS labeled,
                    COUNT(*) FILTER (WHERE verdict = 'normal') AS normal,
                    COUNT(*) FILTER (WHERE verdict = 'anomaly') AS anomaly
                FROM dataset_entry WHERE project = ? AND type = ?
                """, arguments: [project, type.rawValue])
        return ImageStats(
            total: row?["total"] ?? 0, labeled: row?["labeled"] ?? 0, normal: row?["normal"] ?? 0,
            anomaly: row?["anomaly"] ?? 0)
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
    }
}

extension SQLiteTransaction: PackagingTable {
    func packagingJob(_ project: String, _ jobName: String) throws -> PackagingRecord? {
        try one(
            "SELECT document FROM packaging_job WHERE project = ? AND job_name = ?",
            [project, jobName])
    }

    func packagingJobs(_ project: String, after: String?, limit: Int) throws -> [PackagingRecord] {
        try all(
            """
            SELECT document FROM packaging_job WHERE project = ?1 AND (?2 IS NULL OR position < (
                SELECT position FROM packaging_job WHERE project = ?1 AND job_name = ?2))
            ORDER BY position DESC LIMIT ?3
            """, [project, after, limit])
    }

    func runningPackagingJob(component: String, version: String) throws -> PackagingRecord? {
        try one(
            """
            SELECT document FROM packaging_job
            WHERE component = ? AND component_version = ? AND status = 'RUNNING'
            """, [component, version])
    }

    func save(_ job: PackagingRecord, componentVersion: String) throws {
        try execute(
            """
            INSERT INTO packaging_job
                (project, job_name, component, component_version, status, document)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (project, job_name)
            DO UPDATE SET status = excluded.status, document = excluded.document
            """,
            [
                job.project, job.jobName, job.configuration.greengrass.componentName,
                componentVersion, job.status.rawValue, try document(job),
            ])
    }
}

extension SQLiteTransaction: JobTable {
    func job(_ id: UUID) throws -> JobRecord? {
        try one("SELECT document FROM job WHERE id = ?", [id.uuidString])
    }

    func claimableJob(kinds: [String], now: Date) throws -> JobRecord? {
        let marks = kinds.map { _ in "?" }.joined(separator: ", ")
        return try one(
            """
            SELECT document FROM job
            WHERE kind IN (\(marks)) AND ((state = 'queued' AND not_before <= ?)
                OR (state = 'running' AND lease_expiry < ?))
            ORDER BY position LIMIT 1
            """,
            StatementArguments(kinds) + [now.timeIntervalSince1970, now.timeIntervalSince1970])
    }

    func runningJobs() throws -> [JobRecord] {
        try all("SELECT document FROM job WHERE state = 'running' ORDER BY position", [])
    }

    func save(_ job: JobRecord) throws {
        try execute(
            """
            INSERT INTO job (id, kind, state, not_before, lease_expiry, document)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state,
                not_before = excluded.not_before, lease_expiry = excluded.lease_expiry,
                document = excluded.document
            """,
            [
                job.id.uuidString, job.kind, job.state.rawValue,
                job.notBefore.timeIntervalSince1970,
                job.leaseExpiry?.timeIntervalSince1970, try document(job),
            ])
    }

    func removeJobs(endedBefore date: Date) throws {
        try execute(
            "DELETE FROM job WHERE state IN ('finished', 'failed') AND not_before < ?",
            [date.timeIntervalSince1970])
    }
}

extension SQLiteTransaction: TokenTable {
    func token(_ key: String) throws -> TokenRecord? {
        try one("SELECT document FROM client_token WHERE key = ?", [key])
    }

    func save(_ token: TokenRecord) throws {
        try execute(
            """
            INSERT INTO client_token (key, created, document) VALUES (?, ?, ?)
            ON CONFLICT (key) DO UPDATE
            SET created = excluded.created, document = excluded.document
            """, [token.key, token.created.timeIntervalSince1970, try document(token)])
    }

    func removeTokens(createdBefore date: Date) throws {
        try execute(
            "DELETE FROM client_token WHERE created < ?", [date.timeIntervalSince1970])
    }
}

extension SQLiteTransaction: TagTable {
    func tags(of resource: String) throws -> [Tag] {
        try Row.fetchAll(
            database, sql: "SELECT key, value FROM tag WHERE resource = ? ORDER BY key",
            arguments: [resource]
        ).map { Tag(key: $0["key"], value: $0["value"]) }
    }

    func addTags(_ tags: [Tag], to resource: String) throws {
        for tag in tags {
            try execute(
                """
                INSERT INTO tag (resource, key, value) VALUES (?, ?, ?)
                ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value
                """, [resource, tag.key, tag.value])
        }
    }
}

extension SQLiteTransaction: SettingTable {
    func setting(_ name: String) throws -> Data? {
        try Data.fetchOne(
            database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
    }

    func saveSetting(_ name: String, _ value: Data) throws {
        try execute(
            """
            INSERT INTO setting (name, value) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, [name, value])
    }
}
