import FoundationEssentials
import Service
import Storage
import TestSupport
import Testing

/// What the registry in a directory promises beside `ComponentCatalogueContract`: its files, which
/// local deployments take.
@Suite struct DirectoryRegistryTests {
    private let it: ComponentCatalogueFixture

    init() throws { it = try ComponentCatalogueFixture(.directory) }

    private func files() throws -> Set<String> {
        let all = try FileManager.default.subpathsOfDirectory(
            atPath: "\(it.directory.path)/greengrass")
        return Set(all.filter { $0.contains("com.example") || $0.hasPrefix("temporary/") })
    }

    @Test func theFilesAreThoseOfALocalDeployment() async throws {
        let bytes = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        try await it.put(bytes, "folder/a.zip")
        _ = try await it.create(it.recipe(uris: ["s3://bucket/folder/a.zip"]), "t")
        let root = "\(it.directory.path)/greengrass"
        let stored = try Data(
            contentsOf: URL(filePath: "\(root)/recipes/com.example.A-1.0.0.json"))
        let details = try #require(
            try await it.registry.details("com.example.A", version: "1.0.0"))
        #expect(try RecipeDocument(stored: stored) == details.recipe)
        let path = "\(root)/artifacts/com.example.A/1.0.0/a.zip"
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        #expect(
            try files() == [
                "artifacts/com.example.A", "artifacts/com.example.A/1.0.0",
                "artifacts/com.example.A/1.0.0/a.zip", "components/com.example.A",
                "components/com.example.A/1.0.0.json", "recipes/com.example.A-1.0.0.json",
            ])
        try await it.registry.delete("com.example.A", version: "1.0.0")
        #expect(try files() == [])
    }

    @Test func anOpenArtifactIsReadableAfterItsVersionIsGone() async throws {
        try await it.put(Data(repeating: 5, count: 1000), "a.zip")
        _ = try await it.create(it.recipe(uris: ["s3://bucket/a.zip"]), "t")
        let reader = try #require(
            try await it.registry.artifact("com.example.A", version: "1.0.0", "a.zip"))
        try await it.registry.delete("com.example.A", version: "1.0.0")
        var bytes = Data()
        try await reader.read(0..<1000) { bytes += $0 }
        #expect(bytes == Data(repeating: 5, count: 1000))
    }

    @Test func whatACrashLeftIsTidiedAndWhatIsWholeStays() async throws {
        try await it.put(Data([1]), "a.zip")
        let root = "\(it.directory.path)/greengrass"
        _ = try await it.create(it.recipe(uris: ["s3://bucket/a.zip"]), "1")
        _ = try await it.create(it.recipe("2.0.0", uris: ["s3://bucket/a.zip"]), "2")
        // Died while it was deleted: the record is gone, the rest is not.
        try Data().write(to: URL(filePath: "\(root)/components/com.example.A/2.0.0.unfinished"))
        try FileManager.default.removeItem(atPath: "\(root)/components/com.example.A/2.0.0.json")
        // Died after it was made, before the marker went.
        try Data().write(to: URL(filePath: "\(root)/components/com.example.A/1.0.0.unfinished"))
        // Somebody's own recipe, artifacts on their way, and a file that writing left.
        let own = "\(root)/recipes/com.example.Own-1.0.0.json"
        try Data("{}".utf8).write(to: URL(filePath: own))
        try FileManager.default.createDirectory(
            atPath: "\(root)/temporary/gone", withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: "\(root)/temporary/gone/0.part"))
        try Data([1]).write(to: URL(filePath: "\(root)/temporary/.spotter-x"))
        try #require(try it.another() as? DirectoryRegistry).tidy()
        #expect(
            try files() == [
                "artifacts/com.example.A", "artifacts/com.example.A/1.0.0",
                "artifacts/com.example.A/1.0.0/a.zip", "components/com.example.A",
                "components/com.example.A/1.0.0.json", "recipes/com.example.A-1.0.0.json",
                "recipes/com.example.Own-1.0.0.json",
            ])
        // Leftovers of before there were markers are written over.
        let folder = "\(root)/artifacts/com.example.A/3.0.0"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try Data([9]).write(to: URL(filePath: "\(folder)/old"))
        _ = try await it.create(it.recipe("3.0.0", uris: ["s3://bucket/a.zip"]), "3")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.zip"])
    }
}
