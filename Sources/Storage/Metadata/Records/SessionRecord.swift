package import FoundationEssentials

/// Somebody who is signed in to the console, or may sign in once by a link.
package struct SessionRecord: Sendable, Codable, Equatable, CustomStringConvertible {
    /// What a token is good for.
    package enum Kind: String, Sendable, Codable {
        /// It is in a browser's cookie.
        case session
        /// It is in a link, which ends with its first use.
        case link
    }

    /// SHA-256 of the token in lower-case hexadecimal. The token itself is not kept: whoever reads
    /// the database can sign in as nobody.
    package var id: String
    package var kind: Kind
    /// nil for the owner of the root key.
    package var userName: String?
    package var created: Date
    /// When the last request came, to the minute.
    package var seen: Date
    /// After it the token is good for nothing, whatever came meanwhile.
    package var expires: Date

    package init(
        id: String, kind: Kind, userName: String?, created: Date, expires: Date
    ) {
        self.id = id
        self.kind = kind
        self.userName = userName
        self.created = created
        seen = created
        self.expires = expires
    }

    /// The kind and whose it is, without what could be compared with a token's digest.
    package var description: String { "SessionRecord(\(kind), \(userName ?? "root"))" }
}
