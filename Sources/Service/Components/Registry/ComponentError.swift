import Base

/// What can go wrong with components.
package struct ComponentError: Error, Sendable, Equatable {
    /// Kinds of failure, as far as callers treat them differently.
    package enum Code: Sendable {
        /// The version was made by another call.
        case alreadyExists
        /// The recipe breaks a rule; the message names each one.
        case invalidRecipe
        /// An artifact of the recipe, or a file of a bundle, cannot be used.
        case artifactUnavailable
        /// The client token was used for another recipe.
        case tokenReused
        case notFound
        /// A resource would have more tags than are kept.
        case tooManyTags
        /// A quota is used up, or Spotter's key may not do that.
        case refused
    }

    /// Which kind; the mapping to Greengrass' errors is in `ComponentOperations`.
    package let code: Code
    /// A sentence for the user.
    package let message: String

    /// - Parameter message: A whole sentence for the user.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension ComponentError {
    static func tooManyTags(_ count: Int) -> ComponentError {
        ComponentError(
            .tooManyTags,
            "A component version keeps at most \(Limits.tagsMax) tags; it would have \(count).")
    }

    static func missing(_ name: ComponentName, _ version: ComponentVersion) -> ComponentError {
        ComponentError(.notFound, "Component [\(name) : \(version)] does not exist")
    }

    /// - Parameter violations: one sentence for each broken rule.
    static func invalidRecipe(_ violations: [String]) -> ComponentError {
        ComponentError(
            .invalidRecipe, "The recipe is invalid: \(violations.joined(separator: " "))")
    }
}
