import FoundationEssentials
import GRDB

extension SQLiteTransaction: ComponentTable {
    func component(_ name: String, _ version: String) throws -> ComponentRow? {
        try Row.fetchOne(
            statement("SELECT document, recipe FROM component WHERE name = ? AND version = ?"),
            arguments: [name, version]
        ).map { row in
            let document: String = row["document"]
            return ComponentRow(
                name: name, version: version, document: Data(document.utf8),
                recipe: row["recipe"])
        }
    }

    func componentNames(after: String?, limit: Int) throws -> [String] {
        try String.fetchAll(
            statement("SELECT DISTINCT name FROM component WHERE name > ? ORDER BY name LIMIT ?"),
            arguments: [after ?? "", limit])
    }

    func componentVersions(_ name: String) throws -> [String] {
        try String.fetchAll(
            statement("SELECT version FROM component WHERE name = ?"), arguments: [name])
    }

    func save(_ component: ComponentRow) throws {
        try execute(
            """
            INSERT INTO component (name, version, document, recipe) VALUES (?, ?, ?, ?)
            ON CONFLICT (name, version)
            DO UPDATE SET document = excluded.document, recipe = excluded.recipe
            """,
            [
                component.name, component.version,
                String(decoding: component.document, as: UTF8.self), component.recipe,
            ])
    }

    func removeComponent(_ name: String, _ version: String) throws {
        try execute("DELETE FROM component WHERE name = ? AND version = ?", [name, version])
    }
}

extension SQLiteTransaction: StagedObjectTable {
    func saveStagedObject(_ object: StagedObject) throws {
        try execute(
            """
            INSERT INTO staged_object (key, created) VALUES (?, ?)
            ON CONFLICT (key) DO UPDATE SET created = excluded.created
            """, [object.key, object.created.timeIntervalSince1970])
    }

    func stagedObject(_ key: String) throws -> StagedObject? {
        try Double.fetchOne(
            statement("SELECT created FROM staged_object WHERE key = ?"), arguments: [key]
        ).map { StagedObject(key: key, created: Date(timeIntervalSince1970: $0)) }
    }

    func removeStagedObject(_ key: String) throws {
        try execute("DELETE FROM staged_object WHERE key = ?", [key])
    }

    func stagedObjects(createdBefore date: Date, limit: Int) throws -> [StagedObject] {
        try Row.fetchAll(
            statement(
                """
                SELECT key, created FROM staged_object WHERE created < ?
                ORDER BY created, key LIMIT ?
                """), arguments: [date.timeIntervalSince1970, limit]
        ).map { row in
            StagedObject(key: row["key"], created: Date(timeIntervalSince1970: row["created"]))
        }
    }
}

extension SQLiteTransaction: MemberTable {
    func members(seenSince date: Date) throws -> [MemberRecord] {
        let members: [MemberRecord] = try all(
            "SELECT document FROM member WHERE seen >= ? ORDER BY id",
            [date.timeIntervalSince1970])
        return members.sorted { $0.started < $1.started }
    }

    func save(_ member: MemberRecord) throws {
        try execute(
            """
            INSERT INTO member (id, seen, document) VALUES (?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, document = excluded.document
            """,
            [
                member.id.uuidString, member.seen.timeIntervalSince1970, try document(member),
            ])
    }

    func removeMember(_ id: UUID) throws {
        try execute("DELETE FROM member WHERE id = ?", [id.uuidString])
    }
}

extension SQLiteTransaction: DatabaseClock {
    func now() throws -> Date {
        // Days since noon of 24 November 4714 BC; milliseconds in SQLite's hands.
        let days = try Double.fetchOne(database, sql: "SELECT julianday('now')") ?? 0
        return Date(timeIntervalSince1970: (days - 2_440_587.5) * 86_400)
    }
}
