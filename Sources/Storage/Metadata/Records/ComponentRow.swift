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
    /// When it was staged. After `Limits.stagedObjectSeconds` the object is removed, unless a row
    /// names it by then.
    package var created: Date

    package init(key: String, created: Date) {
        self.key = key
        self.created = created
    }
}
