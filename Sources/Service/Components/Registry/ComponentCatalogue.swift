package import FoundationEssentials

/// A registry of Spotter's own, which also lists, deletes, tags and hands out artifacts.
/// `ComponentCatalogueContract` in the tests says in code what every implementation must do.
package protocol ComponentCatalogue: ComponentRegistry {
    /// Reads a recipe without registering anything.
    ///
    /// - Throws: `invalidRecipe`.
    func validated(_ recipe: Data) async throws -> RecipeDocument

    /// - Returns: nil when there is no such version.
    func details(_ name: String, version: String) async throws -> ComponentDetails?

    /// The newest version of each component.
    ///
    /// - Parameters:
    ///   - name: components after this one, in the order of their names; nil for the first.
    ///   - limit: at most so many.
    func newest(after name: String?, limit: Int) async throws -> [ComponentDetails]

    /// Versions of a component, the newest first; none when there is no such component.
    ///
    /// - Parameter version: versions older than this one; nil for all.
    func versions(of name: String, before version: String?, limit: Int) async throws -> [String]

    /// - Throws: `notFound`.
    func delete(_ name: String, version: String) async throws

    /// Adds and removes tags; a known key gets the new value.
    ///
    /// - Throws: `notFound`, `tooManyTags`.
    func changeTags(
        _ name: String, version: String, adding added: [String: String], removing removed: [String]
    ) async throws

    /// Opens an artifact.
    ///
    /// - Parameter artifact: the artifact's URI without its scheme, or its file's name.
    /// - Returns: nil when the version has no such artifact.
    func artifact(_ name: String, version: String, _ artifact: String) async throws
        -> (any ArtifactReader)?
}

/// A version with its recipe.
package struct ComponentDetails: Sendable {
    package let component: ComponentVersion
    package let recipe: RecipeDocument
    /// Files in the registry.
    package let artifacts: [RegistryArtifact]
}

extension [RegistryArtifact] {
    /// - Parameter name: an artifact's URI without its scheme, or its file's name.
    func named(_ name: String) -> RegistryArtifact? {
        first { $0.uri == "s3://\(name)" } ?? first { $0.file == name }
    }
}

/// An open artifact.
package protocol ArtifactReader: Sendable {
    /// Bytes.
    var size: Int { get }

    /// Hands the bytes of a range to `piece`, piece by piece.
    ///
    /// - Throws: `StorageError.unavailable`, also when the artifact ends before the range does.
    func read(_ range: Range<Int>, _ piece: (Data) async throws -> Void) async throws
}

extension ComponentError {
    static func tooManyTags(_ count: Int) -> ComponentError {
        ComponentError(
            .tooManyTags,
            "A component version keeps at most \(Limits.tagsMax) tags; it would have \(count).")
    }

    static func missing(_ name: String, _ version: String) -> ComponentError {
        ComponentError(.notFound, "Component [\(name) : \(version)] does not exist")
    }
}
