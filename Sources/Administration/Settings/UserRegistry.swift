package import Access
package import FoundationEssentials
import Service
import Storage
import Wire

/// The users, for commands beside running servers.
package struct UserRegistry: Sendable {
    /// A user as `spotter user list` shows it.
    package struct User: Sendable, Equatable {
        /// 1 to 64 letters, digits and `+=,.@_-`.
        package let name: String
        /// The public part of the key.
        package let accessKeyID: String
        /// ISO 8601, in UTC.
        package let keyCreated: String
        /// Whether the key opens nothing.
        package let isDisabled: Bool

        package init(
            name: String, accessKeyID: String, keyCreated: String, isDisabled: Bool = false
        ) {
            self.name = name
            self.accessKeyID = accessKeyID
            self.keyCreated = keyCreated
            self.isDisabled = isDisabled
        }
    }

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
        try await within { try await $0.create(name, policy: policy) }
    }

    /// In the order of their names.
    ///
    /// - Throws: `AdministrationError` when there is no data directory, `StorageError`.
    package func all() async throws -> [User] {
        try await within { try await $0.all() }.map {
            User(
                name: $0.name, accessKeyID: $0.accessKeyID,
                keyCreated: $0.keyCreated.formatted(.iso8601), isDisabled: $0.disabled != nil)
        }
    }

    /// Gives a user another policy; the key stays.
    ///
    /// - Throws: `AdministrationError` for a user that does not exist and a policy that is not
    ///   UTF-8, `AccessError` for a document that is not a policy, `StorageError`.
    package func setPolicy(_ name: String, _ policy: Data) async throws {
        try await within { try await $0.setPolicy(name, policy) }
    }

    /// Gives a user a new key; the old one is refused from the next request on.
    ///
    /// - Throws: `AdministrationError` for a user that does not exist, `StorageError`.
    package func rotate(_ name: String) async throws -> Credentials {
        try await within { try await $0.rotate(name) }
    }

    /// Makes a user's key open nothing, or again what it opened before.
    ///
    /// - Throws: `AdministrationError` for a user that does not exist, `StorageError`.
    package func setDisabled(_ isDisabled: Bool, _ name: String) async throws {
        try await within { try await $0.setDisabled(isDisabled, name) }
    }

    /// Removes a user; the key is refused from the next request on.
    ///
    /// - Throws: `AdministrationError` for a user that does not exist, `StorageError`.
    package func delete(_ name: String) async throws {
        try await within { try await $0.delete(name) }
    }

    private func within<Value>(_ body: (UserBook) async throws -> Value) async throws -> Value {
        do {
            return try await body(UserBook(stores.metadata(), now: now))
        } catch let error as WireError {
            throw AdministrationError(error.message)
        }
    }
}
