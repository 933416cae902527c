package import FoundationEssentials

/// Who is signed in to the console.
extension MetadataTransaction {
    /// nil if there is no session or link of this digest; one that has expired may still be there.
    package func session(_ id: String) throws -> SessionRecord? {
        try one("SELECT document FROM console_session WHERE id = $1", [id])
    }

    /// How many sessions and links there are, of a user or of the root key's owner.
    package func countSessions(of userName: String?) throws -> Int {
        try integer(
            "SELECT COUNT(*) FROM console_session WHERE user_name = $1", [userName ?? ""])
    }

    /// Inserts the session, or replaces the one of its digest.
    package func save(_ session: SessionRecord) throws {
        try execute(
            """
            INSERT INTO console_session (id, user_name, expires, document) VALUES ($1, $2, $3, $4)
            ON CONFLICT (id) DO UPDATE SET expires = excluded.expires, document = excluded.document
            """,
            [
                session.id, session.userName ?? "", session.expires.timeIntervalSince1970,
                try document(session),
            ])
    }

    /// Ends a session; without one of this digest nothing.
    package func removeSession(_ id: String) throws {
        try execute("DELETE FROM console_session WHERE id = $1", [id])
    }

    /// Ends all sessions and links of a user, or of the root key's owner.
    package func removeSessions(of userName: String?) throws {
        try execute("DELETE FROM console_session WHERE user_name = $1", [userName ?? ""])
    }

    /// Removes sessions that expired before `date`.
    package func removeSessions(expiredBefore date: Date) throws {
        try execute(
            "DELETE FROM console_session WHERE expires < $1", [date.timeIntervalSince1970])
    }
}
