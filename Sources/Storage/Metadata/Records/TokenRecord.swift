package import FoundationEssentials

/// The remembered answer of a call that carried a client token.
package struct TokenRecord: Sendable, Codable, Equatable {
    /// Operation and token.
    package var key: String
    /// A digest of the call's parameters: another one under the same token is a conflict.
    package var requestDigest: String
    /// The body of the answer, which a repeated call gets again.
    package var response: Data
    package var created: Date

    package init(key: String, requestDigest: String, response: Data, created: Date) {
        self.key = key
        self.requestDigest = requestDigest
        self.response = response
        self.created = created
    }
}
