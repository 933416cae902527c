import FoundationEssentials
import GRDB
import Wire

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
            statement("SELECT key, value FROM tag WHERE resource = ? ORDER BY key"),
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

    func removeTags(_ keys: [String]?, from resource: String) throws {
        guard let keys else {
            return try execute("DELETE FROM tag WHERE resource = ?", [resource])
        }
        for key in keys {
            try execute("DELETE FROM tag WHERE resource = ? AND key = ?", [resource, key])
        }
    }
}

extension SQLiteTransaction: UserTable {
    func user(_ name: String) throws -> UserRecord? {
        try one("SELECT document FROM user WHERE name = ?", [name])
    }

    func user(accessKeyID: String) throws -> UserRecord? {
        try one("SELECT document FROM user WHERE access_key_id = ?", [accessKeyID])
    }

    func users() throws -> [UserRecord] {
        try all("SELECT document FROM user ORDER BY name", [])
    }

    func save(_ user: UserRecord) throws {
        try execute(
            """
            INSERT INTO user (name, access_key_id, document) VALUES (?, ?, ?)
            ON CONFLICT (name) DO UPDATE
            SET access_key_id = excluded.access_key_id, document = excluded.document
            """, [user.name, user.accessKeyID, try document(user)])
    }

    func removeUser(_ name: String) throws {
        try execute("DELETE FROM user WHERE name = ?", [name])
    }
}

extension SQLiteTransaction: SettingTable {
    func setting(_ name: String) throws -> Data? {
        try Data.fetchOne(
            statement("SELECT value FROM setting WHERE name = ?"), arguments: [name])
    }

    func saveSetting(_ name: String, _ value: Data) throws {
        try execute(
            """
            INSERT INTO setting (name, value) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, [name, value])
    }
}
