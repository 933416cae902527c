package import Base
package import Storage

/// Where devices get their components from: the embedded one here, Greengrass' cloud elsewhere.
package protocol ComponentRegistry: Sendable {
    /// A version that devices can take, or that was made and is on its way there.
    ///
    /// - Returns: nil when there is no such version.
    /// - Throws: `StorageError.unavailable` when the registry cannot be asked.
    func component(_ name: ComponentName, version: ComponentVersion) async throws
        -> RegisteredComponent?

    /// Registers the component that `recipe` describes: reads its artifacts, adds their digests.
    ///
    /// - Parameters:
    ///   - clientToken: the same token with the same recipe gets the same component again for
    ///     `Limits.clientTokenSeconds`.
    ///   - localFiles: paths of files with the bytes of artifacts that the caller has just
    ///     uploaded; a registry may take them in place of the objects. They stay the caller's.
    /// - Throws: `ComponentError`: `artifactUnavailable`, `alreadyExists` for a version that was
    ///   made with another token, `tokenReused` for a token of another recipe, `tooManyTags`, and
    ///   `invalidRecipe` where the registry has rules of its own; `StorageError.unavailable` when
    ///   the disk or the object store failed.
    func createComponentVersion(
        _ recipe: RecipeDocument, tags: [String: String], clientToken: String,
        localFiles: [ObjectLocation: String]
    ) async throws -> RegisteredComponent
}

extension ComponentRegistry {
    /// The same, for artifacts that are nowhere but in the object store.
    package func createComponentVersion(
        _ recipe: RecipeDocument, tags: [String: String], clientToken: String
    ) async throws -> RegisteredComponent {
        try await createComponentVersion(
            recipe, tags: tags, clientToken: clientToken, localFiles: [:])
    }
}
