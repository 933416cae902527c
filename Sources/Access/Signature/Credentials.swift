/// An access key. The secret stays out of descriptions and logs.
package struct Credentials: Sendable, Equatable, CustomStringConvertible {
    /// Public: it stands in every signed request and in the audit log.
    package let accessKeyID: String
    /// The signing key is derived from it; it is never sent.
    package let secretAccessKey: String
    /// Of keys that AWS lends for a time; Spotter's own have none.
    package let sessionToken: String?

    /// Checks nothing: keys come from `generate`, from the database or from AWS's profile files.
    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    /// Contains the ID only, so that an accidental log line does not disclose the secret.
    package var description: String { "Credentials(\(accessKeyID))" }

    /// A new random key: `SPTR` and 16 characters; 40 characters of secret (238 bits).
    package static func generate(using random: inout some RandomNumberGenerator) -> Credentials {
        let upper = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        let all = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        func text(_ count: Int, of alphabet: [Character]) -> String {
            String(
                (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                })
        }
        return Credentials(
            accessKeyID: "SPTR" + text(16, of: upper), secretAccessKey: text(40, of: all))
    }
}
