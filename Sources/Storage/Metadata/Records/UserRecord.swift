package import FoundationEssentials

/// Somebody who may do what a policy allows. Descriptions leave the secret out.
package struct UserRecord: Sendable, Codable, Equatable, CustomStringConvertible {
    /// Unique; it never changes.
    package var name: String
    /// Names the key in requests; unique among all users.
    package var accessKeyID: String
    /// What requests are signed with. Signature Version 4 needs it as it is, so it is not hashed.
    package var secretAccessKey: String
    /// The policy document as it was given, in JSON.
    package var policy: String
    package var created: Date
    /// When the key was made.
    package var keyCreated: Date
    /// Since when the key opens nothing; nil for a user whose key does.
    package var disabled: Date?

    /// A user whose key is as old as the user.
    package init(
        name: String, accessKeyID: String, secretAccessKey: String, policy: String, created: Date
    ) {
        self.name = name
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.policy = policy
        self.created = created
        keyCreated = created
    }

    /// Name and key, without the secret.
    package var description: String { "UserRecord(\(name), \(accessKeyID))" }
}
