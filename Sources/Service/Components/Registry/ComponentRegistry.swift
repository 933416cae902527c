package import FoundationEssentials

/// A component version that a registry knows.
package struct ComponentVersion: Sendable, Codable, Equatable {
    package var arn: String
    package var name: String
    package var version: String
    /// Greengrass' word; `DEPLOYABLE` for one that devices can take.
    package var state: String
    package var tags: [String: String]
    /// Token of the call that made it.
    package var clientToken: String
    package var created: Date

    package init(
        arn: String, name: String, version: String, state: String, tags: [String: String],
        clientToken: String, created: Date
    ) {
        self.arn = arn
        self.name = name
        self.version = version
        self.state = state
        self.tags = tags
        self.clientToken = clientToken
        self.created = created
    }
}

/// What can go wrong with components.
package struct ComponentError: Error, Sendable, Equatable {
    package enum Code: Sendable {
        case alreadyExists
        case invalidRecipe
        case artifactUnavailable
        /// The client token was used for another recipe.
        case tokenReused
        case notFound
        /// A resource would have more tags than are kept.
        case tooManyTags
        /// A quota is used up, or Spotter's key may not do that.
        case refused
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Where devices get their components from: the embedded one here, Greengrass' cloud elsewhere.
package protocol ComponentRegistry: Sendable {
    /// - Returns: nil when there is no such version.
    func component(_ name: String, version: String) async throws -> ComponentVersion?

    /// Registers the component that `recipe` describes: reads its artifacts, adds their digests.
    ///
    /// - Parameters:
    ///   - recipe: JSON or YAML that breaks none of `RecipeRules.errors`.
    ///   - clientToken: the same token with the same recipe gets the same component again for
    ///     `Limits.clientTokenSeconds`.
    /// - Throws: `ComponentError`: `invalidRecipe`, `artifactUnavailable`, `alreadyExists` for a
    ///   version that was made with another token, `tokenReused` for a token of another recipe,
    ///   `tooManyTags`; `StorageError.unavailable` when the disk or the object store failed.
    func createComponentVersion(recipe: Data, tags: [String: String], clientToken: String)
        async throws -> ComponentVersion
}
