import FoundationEssentials
import Wire

extension PostgreSQLTransaction: TokenTable {
    func token(_ key: String) throws -> TokenRecord? {
        try one("SELECT document FROM client_token WHERE key = $1", [key])
    }

    func save(_ token: TokenRecord) throws {
        try execute(
            """
            INSERT INTO client_token (key, created, document) VALUES ($1, $2, $3)
            ON CONFLICT (key) DO UPDATE
            SET created = excluded.created, document = excluded.document
            """, [token.key, token.created.timeIntervalSince1970, try document(token)])
    }

    func removeTokens(createdBefore date: Date) throws {
        try execute(
            "DELETE FROM client_token WHERE created < $1", [date.timeIntervalSince1970])
    }
}

extension PostgreSQLTransaction: TagTable {
    func tags(of resource: String) throws -> [Tag] {
        let rows = try rows(
            "SELECT key, value FROM tag WHERE resource = $1 ORDER BY key", [resource])
        return (0..<rows.count).map { Tag(key: rows.text($0, 0), value: rows.text($0, 1)) }
    }

    func addTags(_ tags: [Tag], to resource: String) throws {
        for tag in tags {
            try execute(
                """
                INSERT INTO tag (resource, key, value) VALUES ($1, $2, $3)
                ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value
                """, [resource, tag.key, tag.value])
        }
    }

    func removeTags(_ keys: [String]?, from resource: String) throws {
        guard let keys else {
            return try execute("DELETE FROM tag WHERE resource = $1", [resource])
        }
        for key in keys {
            try execute("DELETE FROM tag WHERE resource = $1 AND key = $2", [resource, key])
        }
    }
}

extension PostgreSQLTransaction: UserTable {
    func user(_ name: String) throws -> UserRecord? {
        try one("SELECT document FROM \"user\" WHERE name = $1", [name])
    }

    func user(accessKeyID: String) throws -> UserRecord? {
        try one("SELECT document FROM \"user\" WHERE access_key_id = $1", [accessKeyID])
    }

    func users() throws -> [UserRecord] {
        try all("SELECT document FROM \"user\" ORDER BY name", [])
    }

    func save(_ user: UserRecord) throws {
        try execute(
            """
            INSERT INTO "user" (name, access_key_id, document) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE
            SET access_key_id = excluded.access_key_id, document = excluded.document
            """, [user.name, user.accessKeyID, try document(user)])
    }

    func removeUser(_ name: String) throws {
        try execute("DELETE FROM \"user\" WHERE name = $1", [name])
    }
}

extension PostgreSQLTransaction: SettingTable {
    func setting(_ name: String) throws -> Data? {
        try blob("SELECT value FROM setting WHERE name = $1", [name])
    }

    func saveSetting(_ name: String, _ value: Data) throws {
        try execute(
            """
            INSERT INTO setting (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, [name, value])
    }
}
