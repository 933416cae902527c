import Access
import FoundationEssentials
import NIOPosix
import Service
import Storage
import TestSupport
import Testing

/// What the embedded registry promises.
@Suite struct ComponentRegistryTests {
    private let directory: TemporaryDirectory
    private let clock = ManualClock()
    private let objects: FaultyObjectStore
    private let pool: NIOThreadPool
    private let arns = ARNs(region: "us-east-1", account: "123456789012")
    private let registry: DirectoryRegistry

    init() throws {
        directory = try TemporaryDirectory()
        pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        objects = FaultyObjectStore(
            try DirectoryStore(root: "\(directory.path)/buckets", pool: pool))
        registry = try Self.open(directory, objects, arns, pool, clock)
    }

    private static func open(
        _ directory: TemporaryDirectory, _ objects: any ObjectStore, _ arns: ARNs,
        _ pool: NIOThreadPool, _ clock: ManualClock
    ) throws -> DirectoryRegistry {
        try DirectoryRegistry(
            root: "\(directory.path)/greengrass", objects: objects, arns: arns, pool: pool,
            now: { clock.now })
    }

    private func put(_ bytes: Data, _ key: String, bucket: String = "bucket") async throws {
        try await objects.createBucket(bucket)
        try await objects.put(.bytes(bytes), at: ObjectLocation(bucket: bucket, key: key))
    }

    private func recipe(
        _ version: String = "1.0.0", name: String = "com.example.A", uris: [String] = []
    ) -> Data {
        let artifacts = uris.map { "{Uri: '\($0)'}" }.joined(separator: ", ")
        return Data(
            """
            RecipeFormatVersion: 2020-01-25
            ComponentName: \(name)
            ComponentVersion: \(version)
            Manifests:
            - Platform: {os: linux}
              Artifacts: [\(artifacts)]
            """.utf8)
    }

    private func create(_ recipe: Data, _ token: String, tags: [String: String] = [:]) async throws
        -> ComponentVersion
    {
        try await registry.createComponentVersion(recipe: recipe, tags: tags, clientToken: token)
    }

    private func failure(_ recipe: Data, _ token: String = UUID().uuidString) async
        -> ComponentError?
    {
        await #expect(throws: ComponentError.self) { try await create(recipe, token) }
    }

    private func files() throws -> Set<String> {
        let all = try FileManager.default.subpathsOfDirectory(
            atPath: "\(directory.path)/greengrass")
        return Set(all.filter { $0.contains("com.example") || $0.hasPrefix("temporary/") })
    }

    private func read(_ name: String, _ version: String, _ artifact: String) async throws -> Data? {
        guard let reader = try await registry.artifact(name, version: version, artifact) else {
            return nil
        }
        return Data(try await reader.read(offset: 0, count: reader.size))
    }

    @Test func aVersionHasItsRecipeWithDigestsAndItsArtifacts() async throws {
        let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        try await put(bytes, "folder/a.zip")
        let made = try await create(
            recipe(uris: ["s3://bucket/folder/a.zip"]), "t", tags: ["k": "v"])
        #expect(
            made.arn
                == "arn:aws:greengrass:us-east-1:123456789012:components:com.example.A:versions:1.0.0"
        )
        #expect(made.state == "DEPLOYABLE" && made.created == clock.now)
        #expect(try await registry.component("com.example.A", version: "1.0.0") == made)
        let details = try #require(
            try await registry.details("com.example.A", version: "1.0.0"))
        #expect(details.component == made && details.artifacts.count == 1)
        let stored = try Data(
            contentsOf: URL(
                filePath: "\(directory.path)/greengrass/recipes/com.example.A-1.0.0.json"))
        #expect(try RecipeDocument(stored: stored) == details.recipe)
        #expect(String(decoding: stored, as: UTF8.self).contains(details.artifacts[0].digest))
        let path = "\(directory.path)/greengrass/artifacts/com.example.A/1.0.0/a.zip"
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        for name in ["a.zip", "bucket/folder/a.zip"] {
            #expect(try await read("com.example.A", "1.0.0", name) == bytes)
        }
        for name in ["b.zip", "../1.0.0/a.zip", "/a.zip", "bucket/a.zip", ""] {
            #expect(try await read("com.example.A", "1.0.0", name) == nil)
        }
        #expect(
            try files() == [
                "artifacts/com.example.A", "artifacts/com.example.A/1.0.0",
                "artifacts/com.example.A/1.0.0/a.zip", "components/com.example.A",
                "components/com.example.A/1.0.0.json", "recipes/com.example.A-1.0.0.json",
            ])
    }

    @Test func whatCannotBeReadIsNamedAndLeavesNothing() async throws {
        try await put(Data([1]), "there")
        let error = await failure(
            recipe(uris: ["s3://bucket/there", "s3://bucket/gone", "s3://nowhere/x"]))
        #expect(error?.code == .artifactUnavailable)
        #expect(
            error?.message
                == "Invalid Input: Encountered following errors in Artifacts: {s3://bucket/gone = "
                + "Specified artifact resource cannot be accessed, s3://nowhere/x = Specified "
                + "artifact resource cannot be accessed}")
        #expect(await failure(Data("x".utf8))?.code == .invalidRecipe)
        // A store that is out of reach is no fault of the recipe.
        objects.fail(.get, times: 1)
        let fault = await #expect(throws: StorageError.self) {
            try await create(recipe(uris: ["s3://bucket/there"]), "t")
        }
        #expect(fault?.code == .unavailable)
        #expect(try await create(recipe(uris: ["s3://bucket/there"]), "t").version == "1.0.0")
        #expect(try files().filter { $0.hasPrefix("temporary/") } == [])
    }

    @Test func twoFilesOfOneNameAreBothKept() async throws {
        try await put(Data([1]), "amd64/a.zip")
        try await put(Data([2]), "aarch64/a.zip")
        _ = try await create(
            recipe(uris: [
                "s3://bucket/amd64/a.zip", "s3://bucket/aarch64/a.zip", "s3://bucket/amd64/a.zip",
            ]), "t")
        #expect(try await read("com.example.A", "1.0.0", "bucket/amd64/a.zip") == Data([1]))
        #expect(try await read("com.example.A", "1.0.0", "bucket/aarch64/a.zip") == Data([2]))
        #expect(try await read("com.example.A", "1.0.0", "a.zip") == Data([1]))
    }

    @Test func aTokenReplaysItsAnswerForEightHours() async throws {
        let first = try await create(recipe(), "t", tags: ["a": "b"])
        clock.advance(by: Limits.clientTokenSeconds - 1)
        #expect(try await create(recipe(), "t", tags: ["a": "b"]) == first)
        for other in [recipe("2.0.0"), recipe() + Data(" ".utf8)] {
            #expect(await failure(other, "t")?.code == .tokenReused)
        }
        let error = await failure(recipe(), "other")
        #expect(
            error?.message
                == "Component [com.example.A : 1.0.0] for account [123456789012] already exists "
                + "with state: [DEPLOYABLE]")
        // Also when it was deleted meanwhile; other tokens may make it anew.
        try await registry.delete("com.example.A", version: "1.0.0")
        #expect(try await create(recipe(), "t", tags: ["a": "b"]) == first)
        #expect(try await registry.component("com.example.A", version: "1.0.0") == nil)
        clock.advance(by: 2)
        let second = try await create(recipe(), "t", tags: ["a": "b"])
        #expect(second != first)
        clock.advance(by: Limits.clientTokenSeconds)
        #expect(await failure(recipe(), "t")?.code == .alreadyExists)
    }

    @Test func ofManyCallsForOneVersionExactlyOneWins() async throws {
        try await put(Data(repeating: 9, count: 100_000), "a.zip")
        // Two registries on one folder, as two processes have them.
        let other = try Self.open(directory, objects, arns, pool, clock)
        let outcomes = await withTaskGroup(of: String.self) { group in
            for number in 0..<24 {
                group.addTask {
                    do {
                        let made = try await (number.isMultiple(of: 2) ? registry : other)
                            .createComponentVersion(
                                recipe: recipe(uris: ["s3://bucket/a.zip"]),
                                tags: ["by": "\(number)"], clientToken: "t\(number)")
                        return made.tags["by"] ?? ""
                    } catch let error as ComponentError {
                        return "\(error.code)"
                    } catch {
                        return "\(error)"
                    }
                }
            }
            return await group.reduce(into: [String]()) { $0.append($1) }
        }
        let winners = outcomes.filter { $0 != "alreadyExists" }
        #expect(winners.count == 1)
        let kept = try await registry.component("com.example.A", version: "1.0.0")
        #expect(kept?.tags["by"] == winners.first)
        #expect(
            try await read("com.example.A", "1.0.0", "a.zip") == Data(repeating: 9, count: 100_000))
        try await put(Data([3]), "b.zip")
        let same = try await withThrowingTaskGroup(of: ComponentVersion.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    try await create(recipe("2.0.0", uris: ["s3://bucket/b.zip"]), "same")
                }
            }
            return try await group.reduce(into: [ComponentVersion]()) { $0.append($1) }
        }
        #expect(same.allSatisfy { $0 == same[0] })
        #expect(try files().filter { $0.hasPrefix("temporary/") } == [])
    }

    @Test func whatACrashLeftIsTidiedAndWhatIsWholeStays() async throws {
        try await put(Data([1]), "a.zip")
        let root = "\(directory.path)/greengrass"
        _ = try await create(recipe(uris: ["s3://bucket/a.zip"]), "1")
        _ = try await create(recipe("2.0.0", uris: ["s3://bucket/a.zip"]), "2")
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
        try Self.open(directory, objects, arns, pool, clock).tidy()
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
        _ = try await create(recipe("3.0.0", uris: ["s3://bucket/a.zip"]), "3")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.zip"])
    }

    @Test func componentsAreListedAndDeleted() async throws {
        for (name, version) in [
            ("com.example.B", "1.0.0"), ("com.example.A", "1.9.0"), ("com.example.A", "1.10.0"),
            ("com.example.A", "0.1.0"), ("com.example.C", "2.0.0"),
        ] { _ = try await create(recipe(version, name: name), "\(name)-\(version)") }
        let all = try await registry.newest(after: nil, limit: 10).map(\.component)
        #expect(all.map(\.name) == ["com.example.A", "com.example.B", "com.example.C"])
        #expect(all.map(\.version) == ["1.10.0", "1.0.0", "2.0.0"])
        let rest = try await registry.newest(after: "com.example.A", limit: 1)
        #expect(rest.map(\.component.name) == ["com.example.B"])
        let versions = try await registry.versions(of: "com.example.A", before: nil, limit: 10)
        #expect(versions == ["1.10.0", "1.9.0", "0.1.0"])
        let older = try await registry.versions(of: "com.example.A", before: "1.10.0", limit: 1)
        #expect(older == ["1.9.0"])
        try await registry.delete("com.example.A", version: "1.10.0")
        let gone = await #expect(throws: ComponentError.self) {
            try await registry.delete("com.example.A", version: "1.10.0")
        }
        #expect(gone?.code == .notFound)
        #expect(try await registry.newest(after: nil, limit: 1)[0].component.version == "1.9.0")
        try await registry.delete("com.example.B", version: "1.0.0")
        #expect(try await registry.newest(after: nil, limit: 10).count == 2)
        #expect(try files().filter { $0.contains("com.example.B") } == [])
        for name in ["..", "a/b", "", "com.example.None"] {
            let error = await #expect(throws: ComponentError.self) {
                try await registry.delete(name, version: "1.0.0")
            }
            #expect(error?.code == .notFound)
            #expect(try await registry.details(name, version: "../1.0.0") == nil)
            #expect(try await registry.versions(of: name, before: nil, limit: 1) == [])
        }
    }

    @Test func tagsAreKeptAndBounded() async throws {
        _ = try await create(recipe(), "t", tags: ["a": "1", "b": "2"])
        try await registry.changeTags(
            "com.example.A", version: "1.0.0", adding: ["b": "3", "c": "4"])
        try await registry.changeTags("com.example.A", version: "1.0.0", removing: ["a", "none"])
        let tags = try await registry.component("com.example.A", version: "1.0.0")?.tags
        #expect(tags == ["b": "3", "c": "4"])
        let many = Dictionary(uniqueKeysWithValues: (0..<49).map { ("k\($0)", "") })
        let error = await #expect(throws: ComponentError.self) {
            try await registry.changeTags("com.example.A", version: "1.0.0", adding: many)
        }
        #expect(error?.code == .tooManyTags)
        #expect(try await registry.component("com.example.A", version: "1.0.0")?.tags == tags)
    }
}
