import FoundationEssentials
import Wire

extension PostgreSQLTransaction: EntryTable {
    func addEntries(_ entries: [DatasetEntry], project: String, type: DatasetType) throws {
        try execute(
            """
            INSERT INTO dataset_entry (project, type, source_ref, verdict, created, document)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (project, type, source_ref)
            DO UPDATE SET verdict = excluded.verdict, document = excluded.document
            """,
            each: try entries.map {
                [
                    project, type.rawValue, $0.sourceRef, $0.verdict,
                    $0.created.timeIntervalSince1970, try document($0),
                ]
            })
    }

    func removeEntries(project: String, type: DatasetType) throws {
        try execute(
            "DELETE FROM dataset_entry WHERE project = $1 AND type = $2", [project, type.rawValue])
    }

    func entries(project: String, type: DatasetType, offset: Int, limit: Int) throws
        -> [DatasetEntry]
    {
        let rows = try rows(
            """
            SELECT document, created FROM dataset_entry WHERE project = $1 AND type = $2
            ORDER BY position LIMIT $3 OFFSET $4
            """, [project, type.rawValue, limit, offset])
        return try (0..<rows.count).map { try entry(rows, $0) }
    }

    func entries(matching filter: EntryFilter, before position: Int?, limit: Int) throws
        -> [(position: Int, entry: DatasetEntry)]
    {
        var conditions = ["project = $1", "type = $2", "position < $3"]
        var arguments: [(any PostgreSQLBindable)?] = [
            filter.project, filter.type.rawValue, position ?? Int.max,
        ]
        func add(_ before: String, _ value: any PostgreSQLBindable, _ after: String = "") {
            arguments.append(value)
            conditions.append("\(before) $\(arguments.count)\(after)")
        }
        if let isLabeled = filter.isLabeled {
            conditions.append("verdict IS \(isLabeled ? "NOT NULL" : "NULL")")
        }
        if let verdict = filter.verdict { add("verdict =", verdict) }
        if let date = filter.createdBefore { add("created <", date.timeIntervalSince1970) }
        if let date = filter.createdAfter { add("created >", date.timeIntervalSince1970) }
        if let part = filter.sourceRefPart { add("strpos(source_ref,", part, ") > 0") }
        let rows = try rows(
            """
            SELECT document, created, position FROM dataset_entry
            WHERE \(conditions.joined(separator: " AND "))
            ORDER BY position DESC LIMIT $\(arguments.count + 1)
            """, arguments + [limit])
        return try (0..<rows.count).map { (rows.integer($0, 2), try entry(rows, $0)) }
    }

    func countEntries(project: String, type: DatasetType) throws -> ImageStats {
        let rows = try rows(
            """
            SELECT COUNT(*) AS total, COUNT(verdict) AS labeled,
                COUNT(*) FILTER (WHERE verdict = 'normal') AS normal,
                COUNT(*) FILTER (WHERE verdict = 'anomaly') AS anomaly
            FROM dataset_entry WHERE project = $1 AND type = $2
            """, [project, type.rawValue])
        return ImageStats(
            total: rows.integer(0, 0), labeled: rows.integer(0, 1), normal: rows.integer(0, 2),
            anomaly: rows.integer(0, 3))
    }

    /// An entry of rows that begin with document and time. The column keeps the time of the first
    /// addition.
    private func entry(_ rows: PostgreSQLRows, _ row: Int) throws -> DatasetEntry {
        var entry = try JSONDecoder().decode(
            DatasetEntry.self, from: rows.blob(row, 0) ?? Data())
        entry.created = Date(timeIntervalSince1970: rows.real(row, 1))
        return entry
    }
}
