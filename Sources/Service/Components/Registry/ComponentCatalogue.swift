package import Base
package import FoundationEssentials

/// A registry of Spotter's own, which also lists, deletes, tags and hands out artifacts.
/// `ComponentCatalogueContract` in the tests says in code what every implementation must do.
package protocol ComponentCatalogue: ComponentRegistry {
    /// A version with its recipe and what the registry has of its artifacts.
    ///
    /// - Returns: nil when there is no such version.
    /// - Throws: `StorageError.unavailable`, as all of these do when files or rows cannot be read.
    func details(_ name: ComponentName, version: ComponentVersion) async throws -> ComponentDetails?

    /// The newest version of each component.
    ///
    /// - Parameters:
    ///   - name: components after this one, in the order of their names; nil for the first.
    ///   - limit: how many at most.
    func newest(after name: ComponentName?, limit: Int) async throws -> [ComponentDetails]

    /// Versions of a component, the newest first; none when there is no such component.
    ///
    /// - Parameter version: versions older than this one; nil for all.
    func versions(of name: ComponentName, before version: ComponentVersion?, limit: Int)
        async throws -> [ComponentVersion]

    /// Removes a version and its artifacts. Readers that are open go on.
    ///
    /// - Throws: `notFound`.
    func delete(_ name: ComponentName, version: ComponentVersion) async throws

    /// Adds and removes tags; a known key gets the new value.
    ///
    /// - Throws: `notFound`, `tooManyTags`.
    func changeTags(
        _ name: ComponentName, version: ComponentVersion, adding added: [String: String],
        removing removed: [String]
    ) async throws

    /// Opens an artifact.
    ///
    /// - Parameter artifact: the artifact's URI without its scheme, or its file's name.
    /// - Returns: nil when the version has no such artifact.
    func artifact(_ name: ComponentName, version: ComponentVersion, _ artifact: String)
        async throws -> (any ArtifactReader)?
}

/// A version with its recipe.
package struct ComponentDetails: Sendable {
    /// Names, state and tags of the version.
    package let component: RegisteredComponent
    /// With the digests of its artifacts.
    package let recipe: RecipeDocument
    /// The files that the registry keeps, one for each URI of the recipe.
    package let artifacts: [RegistryArtifact]
}

extension [RegistryArtifact] {
    /// - Parameter name: an artifact's URI without its scheme, or its file's name.
    func named(_ name: String) -> RegistryArtifact? {
        first { $0.uri == "s3://\(name)" } ?? first { $0.file == name }
    }
}

/// An open artifact. It stays readable although its version is deleted meanwhile.
package protocol ArtifactReader: Sendable {
    /// Size in bytes.
    var size: Int { get }

    /// Hands the bytes of a range to `piece`, piece by piece.
    ///
    /// - Throws: `StorageError.unavailable`, also when the artifact ends before the range does.
    func read(_ range: Range<Int>, _ piece: (Data) async throws -> Void) async throws
}
