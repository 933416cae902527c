package import Access
package import FoundationEssentials
package import NIOPosix
package import Storage
import Vision

/// The embedded registry. `recipes` and `artifacts` have the layout that a local deployment of
/// Greengrass takes; `components` remembers what was made by whom:
///
///     ROOT/recipes/NAME-VERSION.json
///     ROOT/artifacts/NAME/VERSION/FILE
///     ROOT/components/NAME/VERSION.json     written last: with it the component exists
package final class DirectoryRegistry: ComponentRegistry {
    private let root: String
    private let objects: any ObjectStore
    private let arns: ARNs
    private let pool: NIOThreadPool
    private let now: @Sendable () -> Date

    /// - Parameter objects: where the artifacts of recipes are read from.
    package init(
        root: String, objects: any ObjectStore, arns: ARNs, pool: NIOThreadPool,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws {
        self.root = root
        self.objects = objects
        self.arns = arns
        self.pool = pool
        self.now = now
        for folder in ["recipes", "artifacts", "components"] {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
    }

    package func component(_ name: String, version: String) async throws -> ComponentVersion? {
        let path = recordPath(name, version)
        return try await pool.runIfActive {
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return try JSONDecoder().decode(
                ComponentVersion.self, from: Data(contentsOf: URL(filePath: path)))
        }
    }

    package func createComponentVersion(
        recipe: Data, tags: [String: String], clientToken: String
    ) async throws -> ComponentVersion {
        let violations = RecipeRules.violations(in: recipe)
        guard violations.isEmpty else {
            throw ComponentError(
                .invalidRecipe, "Invalid recipe: \(violations.joined(separator: " "))")
        }
        var recipe = try JSONDecoder().decode(ComponentRecipe.self, from: recipe)
        let (name, version) = (recipe.ComponentName, recipe.ComponentVersion)
        if let existing = try await component(name, version: version) {
            guard existing.clientToken == clientToken else {
                throw ComponentError(
                    .alreadyExists,
                    "Component [\(name) : \(version)] for account [\(arns.account)] already exists "
                        + "with state: [\(existing.state)]")
            }
            return existing
        }
        let artifacts = try await artifacts(of: &recipe)
        let record = ComponentVersion(
            arn: arns.componentVersion(name, version), name: name, version: version,
            state: "DEPLOYABLE", tags: tags, clientToken: clientToken, created: now())
        let complete = try recipe.encoded()
        let size = RecipeRules.violations(in: complete)
        guard size.isEmpty else {
            throw ComponentError(.invalidRecipe, "Invalid recipe: \(size.joined(separator: " "))")
        }
        try await pool.runIfActive { try self.write(record, recipe: complete, artifacts) }
        return record
    }

    /// Reads every artifact once and puts its digest into the recipe.
    private func artifacts(of recipe: inout ComponentRecipe) async throws -> [String: Data] {
        var files: [String: Data] = [:]
        for manifest in recipe.Manifests.indices {
            for index in recipe.Manifests[manifest].Artifacts.indices {
                let uri = recipe.Manifests[manifest].Artifacts[index].Uri
                guard let location = ObjectLocation(uri: uri),
                    let file = location.key.split(separator: "/").last.map(String.init)
                else { throw unavailable(uri) }
                if files[file] == nil {
                    do {
                        files[file] = try await objects.get(
                            location, bytesMax: Limits.artifactBytesMax)
                    } catch is StorageError {
                        throw unavailable(uri)
                    }
                }
                recipe.Manifests[manifest].Artifacts[index].Digest = files[file].map(
                    Checksum.sha256Base64)
                recipe.Manifests[manifest].Artifacts[index].Algorithm = "SHA-256"
            }
        }
        return files
    }

    private func unavailable(_ uri: String) -> ComponentError {
        ComponentError(
            .artifactUnavailable,
            "Invalid Input: Encountered following errors in Artifacts: "
                + "{\(uri) = Specified artifact resource cannot be accessed}")
    }

    private func write(_ record: ComponentVersion, recipe: Data, _ artifacts: [String: Data]) throws
    {
        let files = FileManager.default
        let folder = "\(root)/artifacts/\(record.name)/\(record.version)"
        let recipePath = "\(root)/recipes/\(record.name)-\(record.version).json"
        do {
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try files.createDirectory(
                atPath: "\(root)/components/\(record.name)", withIntermediateDirectories: true)
            for (name, bytes) in artifacts.sorted(by: { $0.key < $1.key }) {
                try DurableFile.write(bytes, to: "\(folder)/\(name)")
            }
            // A device that sees a recipe may fetch its artifacts, so they come first. A temporary
            // file among the recipes would fail a deployment, so it lies elsewhere.
            try DurableFile.write(
                recipe, to: recipePath, temporaryDirectory: "\(root)/components")
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try DurableFile.write(
                try encoder.encode(record), to: recordPath(record.name, record.version))
        } catch {
            try? files.removeItem(atPath: recipePath)
            try? files.removeItem(atPath: folder)
            throw error
        }
    }

    private func recordPath(_ name: String, _ version: String) -> String {
        "\(root)/components/\(name)/\(version).json"
    }
}
