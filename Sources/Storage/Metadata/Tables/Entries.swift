import Base
package import FoundationEssentials
package import Wire

/// Entries of datasets: a row for each line of a manifest.
extension MetadataTransaction {
    /// Adds entries in their order; one with a known `sourceRef` takes the other's place and keeps
    /// its creation time.
    ///
    /// - Throws: the driver's error if there is no such dataset.
    package func addEntries(_ entries: [DatasetEntry], project: String, type: DatasetType) throws {
        try connection.execute(
            """
            INSERT INTO dataset_entry (project, type, source_ref, verdict, created, document)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (project, type, source_ref) DO UPDATE
            SET verdict = excluded.verdict, document = \(dialect.replacedEntryDocument)
            """,
            each: try entries.map {
                [
                    project, type.rawValue, $0.sourceRef, $0.verdict,
                    $0.created.timeIntervalSince1970, try document($0),
                ]
            })
    }

    /// Removes all entries of a dataset, which stays.
    package func removeEntries(project: String, type: DatasetType) throws {
        try execute(
            "DELETE FROM dataset_entry WHERE project = $1 AND type = $2", [project, type.rawValue])
    }

    /// Removes single entries; those that the dataset does not have are passed over.
    ///
    /// - Returns: how many there were.
    package func removeEntries(of sources: [String], project: String, type: DatasetType) throws
        -> Int
    {
        let before = try countEntries(project: project, type: type).total
        try connection.execute(
            "DELETE FROM dataset_entry WHERE project = $1 AND type = $2 AND source_ref = $3",
            each: sources.map { [project, type.rawValue, $0] })
        return before - (try countEntries(project: project, type: type).total)
    }

    /// Entries in the order of their first addition, after the first `offset`.
    package func entries(project: String, type: DatasetType, offset: Int, limit: Int) throws
        -> [DatasetEntry]
    {
        try connection.query(
            """
            SELECT document, created FROM dataset_entry WHERE project = $1 AND type = $2
            ORDER BY position LIMIT $3 OFFSET $4
            """, [project, type.rawValue, limit, offset], Self.entry)
    }

    /// Entries that the filter lets through, the newest first, each with its position.
    ///
    /// - Parameter position: only entries below it; nil for all. A page goes on from the position
    ///   of the last entry of the page before.
    /// - Throws: as every method here does.
    package func entries(matching filter: EntryFilter, before position: Int?, limit: Int) throws
        -> [(position: Int, entry: DatasetEntry)]
    {
        var (conditions, arguments) = restrictions(filter)
        arguments.append(position ?? Int.max)
        conditions += " AND position < $\(arguments.count)"
        return try connection.query(
            """
            SELECT document, created, position FROM dataset_entry WHERE \(conditions)
            ORDER BY position DESC LIMIT $\(arguments.count + 1)
            """, arguments + [limit]
        ) { ($0.integer(2), try Self.entry($0)) }
    }

    /// The `sourceRef` of every entry that the filter lets through, in no order. Documents are not
    /// read: thousands of entries take milliseconds.
    package func sources(matching filter: EntryFilter) throws -> [String] {
        let (conditions, arguments) = restrictions(filter)
        return try connection.query(
            "SELECT source_ref FROM dataset_entry WHERE \(conditions)", arguments
        ) { $0.text(0) }
    }

    private func restrictions(_ filter: EntryFilter) -> (String, SQLArguments) {
        var conditions = ["project = $1", "type = $2"]
        var arguments: SQLArguments = [filter.project, filter.type.rawValue]
        func add(_ value: any SQLBindable, _ condition: (String) -> String) {
            arguments.append(value)
            conditions.append(condition("$\(arguments.count)"))
        }
        if let isLabeled = filter.isLabeled {
            conditions.append("verdict IS \(isLabeled ? "NOT NULL" : "NULL")")
        }
        if let verdict = filter.verdict { add(verdict) { "verdict = \($0)" } }
        if let date = filter.createdBefore { add(date.timeIntervalSince1970) { "created < \($0)" } }
        if let date = filter.createdAfter { add(date.timeIntervalSince1970) { "created > \($0)" } }
        if let part = filter.sourceRefPart {
            add(part) { "\(dialect.placeInText)(source_ref, \($0)) > 0" }
        }
        return (conditions.joined(separator: " AND "), arguments)
    }

    /// The documents of all entries of a dataset, the newest first: JSON that `DatasetEntry` reads.
    /// Who keeps them can see by their bytes which have changed.
    package func entryDocuments(project: String, type: DatasetType) throws
        -> [(position: Int, document: Data)]
    {
        try connection.query(
            """
            SELECT position, document FROM dataset_entry WHERE project = $1 AND type = $2
            ORDER BY position DESC
            """, [project, type.rawValue]
        ) { ($0.integer(0), $0.bytes(1) ?? Data()) }
    }

    /// The lines of single images, by their `sourceRef`; those that the dataset does not have are
    /// left out.
    package func lines(of sources: [String], project: String, type: DatasetType) throws
        -> [String: String]
    {
        var lines: [String: String] = [:]
        for source in sources {
            let entry: DatasetEntry? = try one(
                """
                SELECT document FROM dataset_entry
                WHERE project = $1 AND type = $2 AND source_ref = $3
                """, [project, type.rawValue, source])
            if let entry { lines[source] = entry.line }
        }
        return lines
    }

    /// How many entries a dataset has: all, those with a label, those of each label.
    package func countEntries(project: String, type: DatasetType) throws -> ImageStats {
        try row(
            """
            SELECT COUNT(*), COUNT(verdict), COUNT(*) FILTER (WHERE verdict = 'normal'),
                COUNT(*) FILTER (WHERE verdict = 'anomaly')
            FROM dataset_entry WHERE project = $1 AND type = $2
            """, [project, type.rawValue]
        ) {
            ImageStats(
                total: $0.integer(0), labeled: $0.integer(1), normal: $0.integer(2),
                anomaly: $0.integer(3))
        } ?? ImageStats()
    }

    /// An entry of rows that begin with document and time. The column keeps the time of the first
    /// addition; in PostgreSQL the document has that of the last one.
    private static func entry(_ row: any SQLRow) throws -> DatasetEntry {
        var entry = try JSONCoding.decode(DatasetEntry.self, from: row.bytes(0) ?? Data())
        entry.created = row.date(1)
        return entry
    }
}
