import FoundationEssentials
import GRDB
import Wire

extension SQLiteTransaction: EntryTable {
    func addEntries(_ entries: [DatasetEntry], project: String, type: DatasetType) throws {
        let statement = try database.makeStatement(
            sql: """
                INSERT INTO dataset_entry (project, type, source_ref, verdict, created, document)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (project, type, source_ref)
                DO UPDATE SET verdict = excluded.verdict, document = json_set(excluded.document,
                    '$.created', json_extract(dataset_entry.document, '$.created'))
                """)
        for entry in entries {
            try statement.execute(arguments: [
                project, type.rawValue, entry.sourceRef, entry.verdict,
                entry.created.timeIntervalSince1970, try document(entry),
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

    func entries(matching filter: EntryFilter, before position: Int?, limit: Int) throws
        -> [(position: Int, entry: DatasetEntry)]
    {
        var conditions = ["project = ?", "type = ?", "position < ?"]
        var arguments: StatementArguments = [
            filter.project, filter.type.rawValue, position ?? Int.max,
        ]
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)? = nil) {
            conditions.append(condition)
            if let value { arguments += [value] }
        }
        if let isLabeled = filter.isLabeled {
            add("verdict IS \(isLabeled ? "NOT NULL" : "NULL")")
        }
        if let verdict = filter.verdict { add("verdict = ?", verdict) }
        if let date = filter.createdBefore { add("created < ?", date.timeIntervalSince1970) }
        if let date = filter.createdAfter { add("created > ?", date.timeIntervalSince1970) }
        if let part = filter.sourceRefPart { add("instr(source_ref, ?) > 0", part) }
        let decoder = JSONDecoder()
        return try Row.fetchAll(
            database,
            sql: """
                SELECT position, document FROM dataset_entry
                WHERE \(conditions.joined(separator: " AND "))
                ORDER BY position DESC LIMIT ?
                """, arguments: arguments + [limit]
        ).map { row in
            let document: String = row["document"]
            return (
                row["position"], try decoder.decode(DatasetEntry.self, from: Data(document.utf8))
            )
        }
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
