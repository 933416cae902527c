package import FoundationEssentials

/// A component version of the registry that several servers share.
package struct ComponentRow: Sendable, Equatable {
    package var name: String
    package var version: String
    /// What the registry remembers of it, as JSON; the meaning belongs to the service.
    package var document: Data
    /// The complete recipe, as JSON.
    package var recipe: Data

    package init(name: String, version: String, document: Data, recipe: Data) {
        self.name = name
        self.version = version
        self.document = document
        self.recipe = recipe
    }
}

/// An object that was written, or is being written, and that no row names yet.
package struct StagedObject: Sendable, Equatable {
    /// Key in the state bucket.
    package var key: String
    package var created: Date

    package init(key: String, created: Date) {
        self.key = key
        self.created = created
    }
}

/// A server or a worker that uses the database.
package struct MemberRecord: Sendable, Codable, Equatable {
    package enum Role: String, Sendable, Codable, CaseIterable {
        case server
        case worker
    }

    package var id: UUID
    package var role: Role
    /// Name of the machine.
    package var host: String
    /// Of the program.
    package var version: String
    /// Kinds of jobs that it does.
    package var kinds: [String]
    /// Jobs that it does at once.
    package var places: Int
    package var started: Date
    /// When it last said that it is alive, by its own clock.
    package var seen: Date

    package init(
        id: UUID, role: Role, host: String, version: String, kinds: [String], places: Int,
        started: Date
    ) {
        self.id = id
        self.role = role
        self.host = host
        self.version = version
        self.kinds = kinds
        self.places = places
        self.started = started
        seen = started
    }
}
