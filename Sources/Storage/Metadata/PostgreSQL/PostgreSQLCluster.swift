import FoundationEssentials

extension PostgreSQLTransaction: ComponentTable {
    func component(_ name: String, _ version: String) throws -> ComponentRow? {
        let rows = try rows(
            "SELECT document, recipe FROM component WHERE name = $1 AND version = $2",
            [name, version])
        guard rows.count > 0 else { return nil }
        return ComponentRow(
            name: name, version: version, document: rows.blob(0, 0) ?? Data(),
            recipe: rows.blob(0, 1) ?? Data())
    }

    func componentNames(after: String?, limit: Int) throws -> [String] {
        try texts(
            "SELECT DISTINCT name FROM component WHERE name > $1 ORDER BY name LIMIT $2",
            [after ?? "", limit])
    }

    func componentVersions(_ name: String) throws -> [String] {
        try texts("SELECT version FROM component WHERE name = $1", [name])
    }

    func save(_ component: ComponentRow) throws {
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

    func removeComponent(_ name: String, _ version: String) throws {
        try execute("DELETE FROM component WHERE name = $1 AND version = $2", [name, version])
    }

    private func texts(_ sql: String, _ arguments: [(any PostgreSQLBindable)?]) throws -> [String] {
        let rows = try rows(sql, arguments)
        return (0..<rows.count).map { rows.text($0, 0) }
    }
}

extension PostgreSQLTransaction: StagedObjectTable {
    func saveStagedObject(_ object: StagedObject) throws {
        try execute(
            """
            INSERT INTO staged_object (key, created) VALUES ($1, $2)
            ON CONFLICT (key) DO UPDATE SET created = excluded.created
            """, [object.key, object.created.timeIntervalSince1970])
    }

    func stagedObject(_ key: String) throws -> StagedObject? {
        let rows = try rows("SELECT created FROM staged_object WHERE key = $1", [key])
        guard rows.count > 0 else { return nil }
        return StagedObject(key: key, created: Date(timeIntervalSince1970: rows.real(0, 0)))
    }

    func removeStagedObject(_ key: String) throws {
        try execute("DELETE FROM staged_object WHERE key = $1", [key])
    }

    func stagedObjects(createdBefore date: Date, limit: Int) throws -> [StagedObject] {
        let rows = try rows(
            """
            SELECT key, created FROM staged_object WHERE created < $1
            ORDER BY created, key LIMIT $2
            """, [date.timeIntervalSince1970, limit])
        return (0..<rows.count).map {
            StagedObject(
                key: rows.text($0, 0), created: Date(timeIntervalSince1970: rows.real($0, 1)))
        }
    }
}

extension PostgreSQLTransaction: MemberTable {
    func members(seenSince date: Date) throws -> [MemberRecord] {
        let members: [MemberRecord] = try all(
            "SELECT document FROM member WHERE seen >= $1 ORDER BY id",
            [date.timeIntervalSince1970])
        return members.sorted { $0.started < $1.started }
    }

    func save(_ member: MemberRecord) throws {
        try execute(
            """
            INSERT INTO member (id, seen, document) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, document = excluded.document
            """,
            [
                member.id.uuidString, member.seen.timeIntervalSince1970, try document(member),
            ])
    }

    func removeMember(_ id: UUID) throws {
        try execute("DELETE FROM member WHERE id = $1", [id.uuidString])
    }
}

extension PostgreSQLTransaction: DatabaseClock {
    func now() throws -> Date {
        let rows = try rows("SELECT extract(epoch FROM clock_timestamp())::double precision", [])
        return Date(timeIntervalSince1970: rows.real(0, 0))
    }
}
