package import Access
package import FoundationEssentials
package import Storage
import Wire

/// The users, for commands beside running servers and for the console. Servers read the user from
/// the database at every request, so a change counts from the next one on.
package struct UserBook: Sendable {
    private static let nameCharactersMax = 64

    private let metadata: any MetadataStore
    private let now: @Sendable () -> Date

    /// - Parameter metadata: that of the servers, which may be running.
    package init(_ metadata: any MetadataStore, now: @escaping @Sendable () -> Date) {
        self.metadata = metadata
        self.now = now
    }

    /// In the order of their names.
    ///
    /// - Throws: what the database throws.
    package func all() async throws -> [UserRecord] { try await metadata.read { try $0.users() } }

    /// - Throws: `WireError` for a user that does not exist; what the database throws.
    package func user(_ name: String) async throws -> UserRecord {
        guard let user = try await metadata.read({ try $0.user(name) }) else {
            throw Self.missing(name)
        }
        return user
    }

    /// Makes a user with a new key, which is shown this once only.
    ///
    /// - Parameter policy: an IAM policy document, in UTF-8.
    /// - Throws: `WireError` for a name that is taken or not valid and for a policy that is not
    ///   UTF-8, `AccessError` for a document that is not a policy; what the database throws.
    package func create(_ name: String, policy: Data) async throws -> Credentials {
        try Self.check(name)
        let (text, key, now) = (try Self.text(policy), Self.newKey(), now())
        try await metadata.write { transaction in
            guard try transaction.user(name) == nil else {
                throw WireError(.conflict, "The user \(name) exists already.")
            }
            try transaction.save(
                UserRecord(
                    name: name, accessKeyID: key.accessKeyID,
                    secretAccessKey: key.secretAccessKey, policy: text, created: now))
        }
        return key
    }

    /// Gives a user another policy; the key stays.
    ///
    /// - Throws: as `create`; `WireError` for a user that does not exist.
    package func setPolicy(_ name: String, _ policy: Data) async throws {
        let text = try Self.text(policy)
        try await change(name) { $0.policy = text }
    }

    /// Gives a user a new key; the old one is refused from the next request on, and so are the
    /// user's sessions of the console.
    ///
    /// - Throws: `WireError` for a user that does not exist; what the database throws.
    package func rotate(_ name: String) async throws -> Credentials {
        let (key, now) = (Self.newKey(), now())
        try await change(name) { user in
            user.accessKeyID = key.accessKeyID
            user.secretAccessKey = key.secretAccessKey
            user.keyCreated = now
        }
        return key
    }

    /// Makes a user's key open nothing, or again what it opened before.
    ///
    /// - Throws: `WireError` for a user that does not exist; what the database throws.
    package func setDisabled(_ isDisabled: Bool, _ name: String) async throws {
        let now = now()
        try await change(name) { $0.disabled = isDisabled ? $0.disabled ?? now : nil }
    }

    /// Removes a user; the key is refused from the next request on.
    ///
    /// - Throws: `WireError` for a user that does not exist; what the database throws.
    package func delete(_ name: String) async throws {
        try await metadata.write { transaction in
            guard try transaction.user(name) != nil else { throw Self.missing(name) }
            try transaction.removeUser(name)
        }
    }

    private func change(
        _ name: String, _ body: @escaping @Sendable (inout UserRecord) -> Void
    ) async throws {
        try await metadata.write { transaction in
            guard var user = try transaction.user(name) else { throw Self.missing(name) }
            body(&user)
            try transaction.save(user)
        }
    }

    private static func newKey() -> Credentials {
        var random = SystemRandomNumberGenerator()
        return Credentials.generate(using: &random)
    }

    private static func text(_ policy: Data) throws -> String {
        // What is stored is what was checked: JSON may come in other encodings too.
        guard let text = String(validating: policy, as: UTF8.self) else {
            throw WireError.validation("The policy is not UTF-8 text; save it as UTF-8.")
        }
        _ = try PolicyDocument(parsing: Data(text.utf8))
        return text
    }

    private static func check(_ name: String) throws(WireError) {
        let isName =
            (1...nameCharactersMax).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "="),
                    UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: "@"), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        guard isName else {
            throw .validation(
                "'\(name.prefix(80))' is not a valid user name. Use 1 to \(nameCharactersMax) "
                    + "letters, digits and +=,.@_-.")
        }
    }

    private static func missing(_ name: String) -> WireError {
        WireError(.resourceNotFound, "There is no user \(name).")
    }
}
