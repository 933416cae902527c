package import FoundationEssentials
package import Wire

/// Users, tags, answers to client tokens and settings.
extension MetadataTransaction {
    /// nil if there is no user of this name.
    package func user(_ name: String) throws -> UserRecord? {
        try one("SELECT document FROM \"user\" WHERE name = $1", [name])
    }

    /// nil if no user has this access key.
    package func user(accessKeyID: String) throws -> UserRecord? {
        try one("SELECT document FROM \"user\" WHERE access_key_id = $1", [accessKeyID])
    }

    /// All users, in the order of the bytes of their names.
    package func users() throws -> [UserRecord] {
        try all("SELECT document FROM \"user\" ORDER BY name", [])
    }

    /// Inserts the user, or replaces the one of this name.
    ///
    /// - Throws: the driver's error if another user has the access key.
    package func save(_ user: UserRecord) throws {
        try execute(
            """
            INSERT INTO "user" (name, access_key_id, document) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE
            SET access_key_id = excluded.access_key_id, document = excluded.document
            """,
            [
                user.name, user.accessKeyID,
                try document(
                    user, replacing: "SELECT document FROM \"user\" WHERE name = $1",
                    [user.name]),
            ])
    }

    /// Removes the user, whose key no longer opens anything; without one of this name nothing.
    package func removeUser(_ name: String) throws {
        try execute("DELETE FROM \"user\" WHERE name = $1", [name])
    }

    /// Tags of a resource, in the order of the bytes of their keys.
    ///
    /// - Parameter resource: an ARN.
    /// - Throws: as every method here does.
    package func tags(of resource: String) throws -> [Tag] {
        try connection.query(
            "SELECT key, value FROM tag WHERE resource = $1 ORDER BY key", [resource]
        ) { Tag(key: $0.text(0), value: $0.text(1)) }
    }

    /// Adds tags; one with a known key takes the other's place.
    package func addTags(_ tags: [Tag], to resource: String) throws {
        try connection.execute(
            """
            INSERT INTO tag (resource, key, value) VALUES ($1, $2, $3)
            ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value
            """, each: tags.map { [resource, $0.key, $0.value] })
    }

    /// Removes the tags with these keys, as far as there are any; nil removes all.
    package func removeTags(_ keys: [String]?, from resource: String) throws {
        guard let keys else {
            return try execute("DELETE FROM tag WHERE resource = $1", [resource])
        }
        try connection.execute(
            "DELETE FROM tag WHERE resource = $1 AND key = $2", each: keys.map { [resource, $0] })
    }

    /// The answer that an operation gave under a client token; nil if there was no such call, or so
    /// long ago that it was removed.
    ///
    /// - Parameter key: as `TokenRecord.key`.
    /// - Throws: as every method here does.
    package func token(_ key: String) throws -> TokenRecord? {
        try one("SELECT document FROM client_token WHERE key = $1", [key])
    }

    /// Inserts the answer, or replaces the one of its key. It belongs into the transaction that
    /// does what it answers.
    package func save(_ token: TokenRecord) throws {
        try execute(
            """
            INSERT INTO client_token (key, created, document) VALUES ($1, $2, $3)
            ON CONFLICT (key) DO UPDATE
            SET created = excluded.created, document = excluded.document
            """, [token.key, token.created.timeIntervalSince1970, try document(token)])
    }

    /// Removes the answers that were given before `date`.
    package func removeTokens(createdBefore date: Date) throws {
        try execute(
            "DELETE FROM client_token WHERE created < $1", [date.timeIntervalSince1970])
    }

    /// A value that the servers of a database share, such as the key of page tokens; nil if it was
    /// never saved.
    package func setting(_ name: String) throws -> Data? {
        try blob("SELECT value FROM setting WHERE name = $1", [name])
    }

    /// Saves a setting in place of the one of its name.
    package func saveSetting(_ name: String, _ value: Data) throws {
        try execute(
            """
            INSERT INTO setting (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, [name, value])
    }

    /// The setting, which becomes `value` if there is none yet. Servers that start at once get the
    /// same.
    package func setting(_ name: String, orElse value: Data) throws -> Data {
        if let known = try setting(name) { return known }
        try saveSetting(name, value)
        return value
    }
}
