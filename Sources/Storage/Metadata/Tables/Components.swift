package import FoundationEssentials

/// What several servers at one database share: the components of the registry, objects that no row
/// names yet, and the processes themselves.
extension MetadataTransaction {
    /// nil if the registry has no such version of the component.
    package func component(_ name: String, _ version: String) throws -> ComponentRow? {
        try row(
            "SELECT document, recipe FROM component WHERE name = $1 AND version = $2",
            [name, version]
        ) {
            ComponentRow(
                name: name, version: version, document: $0.bytes(0) ?? Data(),
                recipe: $0.bytes(1) ?? Data())
        }
    }

    /// Names of components that have a version, in the order of their bytes, from behind `after`
    /// (nil: from the first).
    ///
    /// - Throws: as every method here does.
    package func componentNames(after: String?, limit: Int) throws -> [String] {
        try connection.query(
            "SELECT DISTINCT name FROM component WHERE name > $1 ORDER BY name LIMIT $2",
            [after ?? "", limit]
        ) { $0.text(0) }
    }

    /// All versions of a component, in no order.
    package func componentVersions(_ name: String) throws -> [String] {
        try connection.query("SELECT version FROM component WHERE name = $1", [name]) { $0.text(0) }
    }

    /// Inserts the component version, or replaces it.
    package func save(_ component: ComponentRow) throws {
        try execute(
            """
            INSERT INTO component (name, version, document, recipe) VALUES ($1, $2, $3, $4)
            ON CONFLICT (name, version)
            DO UPDATE SET document = excluded.document, recipe = excluded.recipe
            """,
            [
                component.name, component.version,
                String(decoding: component.document, as: UTF8.self), component.recipe,
            ])
    }

    /// Removes the row; the caller disowns the artifacts in the same transaction.
    package func removeComponent(_ name: String, _ version: String) throws {
        try execute("DELETE FROM component WHERE name = $1 AND version = $2", [name, version])
    }

    /// Remembers an object before it is written, so that it is removed if no row comes to name it.
    package func saveStagedObject(_ object: StagedObject) throws {
        try execute(
            """
            INSERT INTO staged_object (key, created) VALUES ($1, $2)
            ON CONFLICT (key) DO UPDATE SET created = excluded.created
            """, [object.key, object.created.timeIntervalSince1970])
    }

    /// nil for an object that a row names, or that was removed meanwhile.
    package func stagedObject(_ key: String) throws -> StagedObject? {
        try row("SELECT created FROM staged_object WHERE key = $1", [key]) {
            StagedObject(key: key, created: $0.date(0))
        }
    }

    /// Forgets an object: a row names it now, or it was removed.
    package func removeStagedObject(_ key: String) throws {
        try execute("DELETE FROM staged_object WHERE key = $1", [key])
    }

    /// Objects that were staged before `date`, the oldest first.
    package func stagedObjects(createdBefore date: Date, limit: Int) throws -> [StagedObject] {
        try connection.query(
            """
            SELECT key, created FROM staged_object WHERE created < $1
            ORDER BY created, key LIMIT $2
            """, [date.timeIntervalSince1970, limit]
        ) { StagedObject(key: $0.text(0), created: $0.date(1)) }
    }

    /// Processes that were last seen at `date` or later, in the order of their start.
    package func members(seenSince date: Date) throws -> [MemberRecord] {
        let members: [MemberRecord] = try all(
            "SELECT document FROM member WHERE seen >= $1 ORDER BY id",
            [date.timeIntervalSince1970])
        return members.sorted { $0.started < $1.started }
    }

    /// Inserts the process, or replaces the row of its id.
    package func save(_ member: MemberRecord) throws {
        try execute(
            """
            INSERT INTO member (id, seen, document) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, document = excluded.document
            """,
            [
                member.id.uuidString, member.seen.timeIntervalSince1970, try document(member),
            ])
    }

    /// Removes a process that has ended in order; one that crashed is only no longer seen.
    package func removeMember(_ id: UUID) throws {
        try execute("DELETE FROM member WHERE id = $1", [id.uuidString])
    }

    /// The time where the rows are, at the moment of the call, also within a transaction. Nothing
    /// is decided by it: it shows how far the clock of a machine is from the others'.
    package func now() throws -> Date {
        try row("SELECT \(dialect.now)", []) { $0.date(0) } ?? .distantPast
    }
}
