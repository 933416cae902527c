/// What a newer program does to the rows of SQLite, for simulations, which have none: it writes a
/// member that this program does not know.
extension MetadataTransaction {
    private static let rows = [
        ("project", "name"), ("dataset", "project || '/' || type"),
        ("model", "project || '/' || version"), ("packaging_job", "project || '/' || job_name"),
        ("job", "id"),
    ]

    /// Adds the member `newer` to the documents that lack it, of all records that are saved more
    /// than once and that simulations have.
    ///
    /// - Throws: as every method here does.
    package func addNewerMember() throws {
        for (table, _) in Self.rows {
            try execute(
                """
                UPDATE \(table) SET document = json_set(document, '$.newer', json('{"since":1}'))
                WHERE json_type(document, '$.newer') IS NULL
                """, [])
        }
    }

    /// The rows that have the member, as `TABLE KEY`, and those that do not.
    ///
    /// - Throws: as every method here does.
    package func newerMembers() throws -> (with: Set<String>, without: Set<String>) {
        var (with, without): (Set<String>, Set<String>) = ([], [])
        for (table, key) in Self.rows {
            let found = try connection.query(
                """
                SELECT '\(table) ' || \(key), COALESCE(json_extract(document, '$.newer.since'), 0)
                FROM \(table)
                """, []
            ) { (name: $0.text(0), isThere: $0.integer(1) == 1) }
            for row in found {
                if row.isThere { with.insert(row.name) } else { without.insert(row.name) }
            }
        }
        return (with, without)
    }
}
