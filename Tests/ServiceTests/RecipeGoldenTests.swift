import FoundationEssentials
import Service
import Storage
import TestSupport
import Testing

/// Recipes and records byte by byte, as devices and earlier versions of Spotter read them. The
/// records hold the digest by which a client token is known again.
@Suite struct RecipeGoldenTests {
    private static let archive = ObjectLocation(bucket: "bucket", key: "a/s.zip")

    private static func recipe(_ name: String) throws -> RecipeDocument {
        switch name {
        case "model":
            try ComponentRecipe.model(
                name: "com.example.Model", version: "1.2.3",
                description: "Model \"line\" / version 1", architecture: "aarch64",
                archive: archive)
        default:
            try ComponentRecipe.edgeAgent(
                name: "com.spotter.EdgeAgent", version: "0.1.0", architecture: "amd64",
                folder: "spotter-edge-0.1.0-amd64",
                archive: ObjectLocation(bucket: "bucket", key: "a/spotter-edge.zip"))
        }
    }

    /// - Parameter isLocal: whether the registry gets the artifact as a file.
    @Test(arguments: ["model", "agent"], [false, true])
    func recipesAndRecordsHaveTheBytesOfTheGoldenFiles(name: String, isLocal: Bool) async throws {
        let it = try ComponentCatalogueFixture(.directory)
        let recipe = try Self.recipe(name)
        #expect(recipe.written == (try Self.golden("\(name)-sent")))
        let location = try #require(recipe.artifacts.first?.location)
        let bytes = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0) })
        let file = "\(it.directory.path)/file"
        if isLocal {
            try bytes.write(to: URL(filePath: file))
        } else {
            try await it.put(bytes, location.key)
        }
        let made = try await it.registry.createComponentVersion(
            recipe, tags: ["line": "3", "a": "b"], clientToken: "token-\(name)",
            localFiles: isLocal ? [location: file] : [:])
        let root = "\(it.directory.path)/greengrass"
        for (kind, path) in [
            ("recipe", "recipes/\(made.name)-\(made.version).json"),
            ("record", "components/\(made.name)/\(made.version).json"),
        ] {
            let written = try Data(contentsOf: URL(filePath: "\(root)/\(path)"))
            #expect(written == (try Self.golden("\(name)-\(kind)")), "\(path)")
        }
    }

    private static func golden(_ name: String) throws -> Data {
        try Checkout.bytes("Tests/ServiceTests/Golden/\(name).json")
    }
}
