package import Access
package import FoundationEssentials
import Storage

/// The users, for commands beside running servers. A server reads the user from the database at
/// every request, so a change counts from the next one on.
package struct UserRegistry: Sendable {
    /// A user as `spotter user list` shows it.
    package struct User: Sendable, Equatable {
        /// 1 to 64 letters, digits and `+=,.@_-`.
        package let name: String
        /// The public part of the key.
        package let accessKeyID: String
        /// ISO 8601, in UTC.
        package let keyCreated: String
    }

    private static let nameCharactersMax = 64

    private let stores: Stores
    private let now: @Sendable () -> Date

    /// - Parameter stores: those of the servers, which may be running.
    package init(_ stores: Stores, now: @escaping @Sendable () -> Date = { Date() }) {
        self.stores = stores
        self.now = now
    }

    /// Makes a user with a new key, which is shown this once only.
    ///
    /// - Parameter policy: An IAM policy document, in UTF-8.
    /// - Throws: `AdministrationError` for a name that is taken or not valid and for a policy that
    ///   is not UTF-8, `AccessError` for a document that is not a policy, `StorageError`.
    package func create(_ name: String, policy: Data) async throws -> Credentials {
        try Self.check(name)
        let (text, key, now) = (try Self.text(policy), Self.newKey(), now())
        try await stores.metadata().write { transaction in
            guard try transaction.user(name) == nil else {
                throw AdministrationError("The user \(name) exists already.")
            }
            try transaction.save(
                UserRecord(
                    name: name, accessKeyID: key.accessKeyID,
                    secretAccessKey: key.secretAccessKey, policy: text, created: now))
        }
        return key
    }

    /// In the order of their names.
    ///
    /// - Throws: `AdministrationError` when there is no data directory, `StorageError`.
    package func all() async throws -> [User] {
        try await stores.metadata().read { try $0.users() }.map {
            User(
                name: $0.name, accessKeyID: $0.accessKeyID,
                keyCreated: $0.keyCreated.formatted(.iso8601))
        }
    }

    /// Gives a user another policy; the key stays.
    ///
    /// - Throws: `AdministrationError` for a user that does not exist and a policy that is not
    ///   UTF-8, `AccessError` for a document that is not a policy, `StorageError`.
    package func setPolicy(_ name: String, _ policy: Data) async throws {
        let text = try Self.text(policy)
        try await change(name) { $0.policy = text }
    }

    /// Gives a user a new key; the old one is refused from the next request on.
    ///
    /// - Throws: `AdministrationError` for a user that does not exist, `StorageError`.
    package func rotate(_ name: String) async throws -> Credentials {
        let (key, now) = (Self.newKey(), now())
        try await change(name) { user in
            user.accessKeyID = key.accessKeyID
            user.secretAccessKey = key.secretAccessKey
            user.keyCreated = now
        }
        return key
    }

    /// Removes a user; the key is refused from the next request on.
    ///
    /// - Throws: `AdministrationError` for a user that does not exist, `StorageError`.
    package func delete(_ name: String) async throws {
        try await stores.metadata().write { transaction in
            guard try transaction.user(name) != nil else { throw Self.missing(name) }
            try transaction.removeUser(name)
        }
    }

    private func change(
        _ name: String, _ body: @escaping @Sendable (inout UserRecord) -> Void
    ) async throws {
        try await stores.metadata().write { transaction in
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
            throw AdministrationError("The policy is not UTF-8 text; save it as UTF-8.")
        }
        _ = try PolicyDocument(parsing: Data(text.utf8))
        return text
    }

    private static func check(_ name: String) throws {
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
            throw AdministrationError(
                "'\(name.prefix(80))' is not a valid user name. Use 1 to \(nameCharactersMax) "
                    + "letters, digits and +=,.@_-.")
        }
    }

    private static func missing(_ name: String) -> AdministrationError {
        AdministrationError("There is no user \(name).")
    }
}
