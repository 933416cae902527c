import Base
import FoundationEssentials
import Service
import Storage
import TestSupport
import Testing

/// What every registry of Spotter's own must do.
@Suite struct ComponentCatalogueContract {
    typealias Fixture = ComponentCatalogueFixture

    @Test(arguments: Fixture.Kind.allCases)
    func aVersionHasItsRecipeWithDigestsAndItsArtifacts(kind: Fixture.Kind) async throws {
        let it = try Fixture(kind)
        let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        try await it.put(bytes, "folder/a.zip")
        let made = try await it.create(
            it.recipe(uris: ["s3://bucket/folder/a.zip"]), "t", tags: ["k": "v"])
        #expect(
            made.arn
                == "arn:aws:greengrass:us-east-1:123456789012:components:com.example.A:versions:1.0.0"
        )
        #expect(made.state == "DEPLOYABLE" && made.created == it.clock.now)
        #expect(try await it.registry.component("com.example.A", version: "1.0.0") == made)
        let details = try #require(
            try await it.registry.details("com.example.A", version: "1.0.0"))
        #expect(details.component == made && details.artifacts.count == 1)
        let recipe = String(decoding: try details.recipe.json(), as: UTF8.self)
        #expect(recipe.contains(details.artifacts[0].digest))
        for name in ["a.zip", "bucket/folder/a.zip"] {
            #expect(try await it.read("com.example.A", "1.0.0", name) == bytes)
        }
        for name in ["b.zip", "../1.0.0/a.zip", "/a.zip", "bucket/a.zip", ""] {
            #expect(try await it.read("com.example.A", "1.0.0", name) == nil)
        }
        #expect(try await it.leftovers() == [])
        // What users do with their object later changes nothing.
        try await it.put(Data([1]), "folder/a.zip")
        #expect(try await it.read("com.example.A", "1.0.0", "a.zip") == bytes)
    }

    @Test(arguments: Fixture.Kind.allCases)
    func partsOfAnArtifactAreReadToTheByte(kind: Fixture.Kind) async throws {
        let it = try Fixture(kind)
        let bytes = Data((0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
        try await it.put(bytes, "a.zip")
        try await it.put(Data(), "empty.zip")
        _ = try await it.create(
            it.recipe(uris: ["s3://bucket/a.zip", "s3://bucket/empty.zip"]), "t")
        for range in [
            0..<1, 0..<0, 5..<5, 1000..<1256, 262_143..<262_145, 1_048_575..<2_097_153,
            2_499_999..<2_500_000, 0..<2_500_000,
        ] {
            let part = try await it.read("com.example.A", "1.0.0", "a.zip", range)
            #expect(part == bytes[range], "\(range)")
        }
        #expect(try await it.read("com.example.A", "1.0.0", "empty.zip") == Data())
    }

    @Test(arguments: Fixture.Kind.allCases)
    func whatCannotBeReadIsNamedAndLeavesNothing(kind: Fixture.Kind) async throws {
        let it = try Fixture(kind)
        try await it.put(Data([1]), "there")
        let error = await it.failure(
            it.recipe(uris: ["s3://bucket/there", "s3://bucket/gone", "s3://nowhere/x"]))
        #expect(error?.code == .artifactUnavailable)
        #expect(
            error?.message
                == "Invalid Input: Encountered following errors in Artifacts: {s3://bucket/gone = "
                + "Specified artifact resource cannot be accessed, s3://nowhere/x = Specified "
                + "artifact resource cannot be accessed}")
        #expect(await it.failure(Data("x".utf8))?.code == .invalidRecipe)
        #expect(try await it.leftovers() == [])
        // A store that is out of reach is no fault of the recipe.
        try await it.put(Data(repeating: 1, count: 3_000_000), "large")
        for fault in [FaultyObjectStore.Operation.get, .rest] {
            it.objects.fail(fault, times: 1, after: 1)
            let failure = await #expect(throws: StorageError.self) {
                try await it.create(
                    it.recipe(uris: ["s3://bucket/there", "s3://bucket/large"]), "t")
            }
            #expect(failure?.code == .unavailable)
            #expect(try await it.leftovers() == [])
        }
        let made = try await it.create(
            it.recipe(uris: ["s3://bucket/there", "s3://bucket/large"]), "t")
        #expect(made.version == "1.0.0")
        #expect(try await it.leftovers() == [])
    }

    @Test(arguments: Fixture.Kind.allCases)
    func twoFilesOfOneNameAreBothKeptAndEqualOnesOnce(kind: Fixture.Kind) async throws {
        let it = try Fixture(kind)
        try await it.put(Data([1]), "amd64/a.zip")
        try await it.put(Data([2]), "aarch64/a.zip")
        try await it.put(Data([1]), "copy/a.zip")
        _ = try await it.create(
            it.recipe(uris: [
                "s3://bucket/amd64/a.zip", "s3://bucket/aarch64/a.zip", "s3://bucket/amd64/a.zip",
                "s3://bucket/copy/a.zip",
            ]), "t")
        for (name, bytes) in [
            ("bucket/amd64/a.zip", Data([1])), ("bucket/aarch64/a.zip", Data([2])),
            ("bucket/copy/a.zip", Data([1])), ("a.zip", Data([1])),
        ] { #expect(try await it.read("com.example.A", "1.0.0", name) == bytes) }
        #expect(try await it.leftovers() == [])
        try await it.registry.delete("com.example.A", version: "1.0.0")
        #expect(try await it.leftovers() == [])
    }

    @Test(arguments: Fixture.Kind.allCases)
    func aTokenReplaysItsAnswerForEightHours(kind: Fixture.Kind) async throws {
        let it = try Fixture(kind)
        let first = try await it.create(it.recipe(), "t", tags: ["a": "b"])
        it.clock.advance(by: Limits.clientTokenSeconds - 1)
        #expect(try await it.create(it.recipe(), "t", tags: ["a": "b"]) == first)
        // Others of the time keep theirs.
        _ = try await it.create(it.recipe("9.0.0"), "other of the time")
        #expect(try await it.create(it.recipe(), "t", tags: ["a": "b"]) == first)
        for other in [it.recipe("2.0.0"), it.recipe() + Data(" ".utf8)] {
            let error = await it.failure(other, "t")
            #expect(error?.code == .tokenReused)
            #expect(
                error?.message
                    == "The client token was used for another component version with other "
                    + "content: [com.example.A : 1.0.0].")
        }
        let error = await it.failure(it.recipe(), "other")
        #expect(
            error?.message
                == "Component [com.example.A : 1.0.0] for account [123456789012] already exists "
                + "with state: [DEPLOYABLE]")
        // Also when it was deleted meanwhile; other tokens may make it anew.
        try await it.registry.delete("com.example.A", version: "1.0.0")
        #expect(try await it.create(it.recipe(), "t", tags: ["a": "b"]) == first)
        #expect(try await it.registry.component("com.example.A", version: "1.0.0") == nil)
        it.clock.advance(by: 2)
        let second = try await it.create(it.recipe(), "t", tags: ["a": "b"])
        #expect(second != first)
        it.clock.advance(by: Limits.clientTokenSeconds)
        #expect(await it.failure(it.recipe(), "t")?.code == .alreadyExists)
    }

    @Test(arguments: Fixture.Kind.allCases)
    func ofManyCallsForOneVersionExactlyOneWins(kind: Fixture.Kind) async throws {
        let it = try Fixture(kind)
        try await it.put(Data(repeating: 9, count: 100_000), "a.zip")
        let other = try it.another()
        let outcomes = await withTaskGroup(of: String.self) { group in
            for number in 0..<24 {
                group.addTask {
                    do {
                        let made = try await (number.isMultiple(of: 2) ? it.registry : other)
                            .createComponentVersion(
                                try RecipeDocument(
                                    validating: it.recipe(uris: ["s3://bucket/a.zip"])),
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
        let kept = try await it.registry.component("com.example.A", version: "1.0.0")
        #expect(kept?.tags["by"] == winners.first)
        #expect(
            try await it.read("com.example.A", "1.0.0", "a.zip")
                == Data(repeating: 9, count: 100_000))
        #expect(try await it.leftovers() == [])
        try await it.put(Data([3]), "b.zip")
        let same = try await withThrowingTaskGroup(of: RegisteredComponent.self) { group in
            for number in 0..<12 {
                group.addTask {
                    try await (number.isMultiple(of: 2) ? it.registry : other)
                        .createComponentVersion(
                            try RecipeDocument(
                                validating: it.recipe("2.0.0", uris: ["s3://bucket/b.zip"])),
                            tags: [:], clientToken: "same")
                }
            }
            return try await group.reduce(into: [RegisteredComponent]()) { $0.append($1) }
        }
        #expect(same.allSatisfy { $0 == same[0] })
        #expect(try await it.leftovers() == [])
    }

    @Test(arguments: Fixture.Kind.allCases)
    func componentsAreListedAndDeleted(kind: Fixture.Kind) async throws {
        let it = try Fixture(kind)
        let registry = it.registry
        try await it.put(Data([1]), "a.zip")
        for (name, version) in [
            ("com.example.B", "1.0.0"), ("com.example.A", "1.9.0"), ("com.example.A", "1.10.0"),
            ("com.example.A", "0.1.0"), ("com.example.C", "2.0.0"),
        ] {
            let recipe = it.recipe(version, name: name, uris: ["s3://bucket/a.zip"])
            _ = try await it.create(recipe, "\(name)-\(version)")
        }
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
        #expect(gone?.message == "Component [com.example.A : 1.10.0] does not exist")
        #expect(try await registry.newest(after: nil, limit: 1)[0].component.version == "1.9.0")
        try await registry.delete("com.example.B", version: "1.0.0")
        #expect(try await registry.newest(after: nil, limit: 10).count == 2)
        #expect(try await it.leftovers() == [])
        // Names like '..' are no names; see `ComponentNamesTests`.
        let none: ComponentName = "com.example.None"
        let error = await #expect(throws: ComponentError.self) {
            try await registry.delete(none, version: "1.0.0")
        }
        #expect(error?.code == .notFound)
        #expect(try await registry.details(none, version: "1.0.0") == nil)
        #expect(try await registry.component(none, version: "1.0.0") == nil)
        #expect(try await it.read(none, "1.0.0", "a.zip") == nil)
        #expect(try await registry.versions(of: none, before: nil, limit: 1) == [])
    }

    @Test(arguments: Fixture.Kind.allCases)
    func tagsAreKeptAndBounded(kind: Fixture.Kind) async throws {
        let it = try Fixture(kind)
        func change(_ added: [String: String], removing removed: [String] = []) async throws {
            try await it.registry.changeTags(
                "com.example.A", version: "1.0.0", adding: added, removing: removed)
        }
        var error = await #expect(throws: ComponentError.self) { try await change(["a": "1"]) }
        #expect(error?.code == .notFound)
        let many = Dictionary(uniqueKeysWithValues: (0..<49).map { ("k\($0)", "") })
        error = await #expect(throws: ComponentError.self) {
            try await it.create(it.recipe(), "t", tags: many.merging(["a": "", "b": ""]) { $1 })
        }
        #expect(error?.code == .tooManyTags)
        _ = try await it.create(it.recipe(), "t", tags: ["a": "1", "b": "2"])
        try await change(["b": "3", "c": "4"])
        try await change([:], removing: ["a", "none"])
        let tags = try await it.registry.component("com.example.A", version: "1.0.0")?.tags
        #expect(tags == ["b": "3", "c": "4"])
        error = await #expect(throws: ComponentError.self) { try await change(many) }
        #expect(error?.code == .tooManyTags)
        #expect(try await it.registry.component("com.example.A", version: "1.0.0")?.tags == tags)
        // Others who change tags at the same time lose nothing.
        let other = try it.another()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await (number.isMultiple(of: 2) ? it.registry : other).changeTags(
                        "com.example.A", version: "1.0.0", adding: ["n\(number)": ""], removing: [])
                }
            }
            try await group.waitForAll()
        }
        let after = try await it.registry.component("com.example.A", version: "1.0.0")?.tags
        #expect(after?.count == 22)
    }
}
