package import Access
package import FoundationEssentials
import Storage

/// The users, for commands beside running servers: both use the same database, and a server asks it
/// at every request.
package struct UserRegistry: Sendable {
    package typealias Key = Credentials

    /// A user as lists show it.
    package struct User: Sendable {
        package let name: String
        package let accessKeyID: String
        /// ISO 8601.
        package let keyCreated: String
    }

    private static let nameCharactersMax = 64

    private let metadata: any MetadataStore
    private let now: @Sendable () -> Date

    /// - Throws: `AdministrationError` when there is no data directory.
    package init(
        dataDirectory path: String, metadata choice: MetadataChoice = .embedded,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws {
        metadata = try DataDirectory.metadata(beside: path, choice)
        self.now = now
    }

    /// - Throws: `AdministrationError` for a name that is taken or none, `AccessError` for a document that
    ///   is no policy.
    package func create(_ name: String, policy: Data) async throws -> Key {
        try Self.check(name)
        let (text, key, now) = (try Self.text(policy), Self.newKey(), now())
        try await metadata.write { transaction in
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

    package func all() async throws -> [User] {
        try await metadata.read { try $0.users() }.map {
            User(
                name: $0.name, accessKeyID: $0.accessKeyID,
                keyCreated: $0.keyCreated.formatted(.iso8601))
        }
    }

    package func setPolicy(_ name: String, _ policy: Data) async throws {
        let text = try Self.text(policy)
        try await change(name) { $0.policy = text }
    }

    package func rotate(_ name: String) async throws -> Key {
        let (key, now) = (Self.newKey(), now())
        try await change(name) { user in
            user.accessKeyID = key.accessKeyID
            user.secretAccessKey = key.secretAccessKey
            user.keyCreated = now
        }
        return key
    }

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

    private static func newKey() -> Key {
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
                "'\(name.prefix(80))' is no name of a user: 1 to \(nameCharactersMax) letters, "
                    + "digits and +=,.@_- are.")
        }
    }

    private static func missing(_ name: String) -> AdministrationError {
        AdministrationError("There is no user \(name).")
    }
}
