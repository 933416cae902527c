import Base
import FoundationEssentials
import Storage
import Testing
import Wire

@testable import Service

@Suite struct RecipeTests {
    private func recipe(name: ComponentName = "com.example.Model", project: String = "line") throws
        -> Data
    {
        try ComponentRecipe.model(
            name: name, version: "1.0.0", description: "Model line version 1",
            architecture: "amd64",
            archive: ObjectLocation(
                bucket: "bucket",
                key: "prefix/\(name)/1.0.0/\(project)-1_greengrass_model_component.zip")
        ).written
    }

    /// Both levels of rules.
    private func violations(_ bytes: Data) -> [String] {
        do {
            return RecipeRules.violations(
                in: try RecipeDocument.parse(bytes), bytes: bytes.count)
        } catch {
            return [error.message]
        }
    }

    @Test func ourRecipesMeetEveryRule() throws {
        #expect(violations(try recipe()) == [])
        // The longest names that the API and we allow still fit the C nucleus.
        let longest = try recipe(
            name: try #require(ComponentName(String(repeating: "n", count: 128))),
            project: String(repeating: "p", count: 100))
        #expect(violations(longest) == [])
    }

    @Test(
        arguments: ["amd64", "aarch64"], ["com.spotter.EdgeAgent", EdgeAgentComponent.originalName])
    func theAgentsRecipeMeetsEveryRule(architecture: String, name: String) throws {
        let recipe = try ComponentRecipe.edgeAgent(
            name: try #require(ComponentName(name)), version: "0.1.0", architecture: architecture,
            folder: "spotter-edge-0.1.0-\(architecture)",
            archive: ObjectLocation(
                bucket: "spotter-edge-agent", key: "\(name)/0.1.0/spotter-edge.zip"))
        #expect(violations(recipe.written) == [])
    }

    @Test func theRecipeSaysWhatADeviceNeeds() throws {
        let root = try JSONValue(parsing: try recipe()).object ?? [:]
        let agent = root["ComponentDependencies"]?.object?["com.spotter.EdgeAgent"]?.object
        #expect(agent?["DependencyType"] == .string("HARD"))
        guard case .array(let manifests) = root["Manifests"] else { return #expect(Bool(false)) }
        #expect(manifests.count == 1)
        // Both nuclei.
        #expect(
            manifests[0].object?["Platform"]?.object?["runtime"] == .string("*"))
        for manifest in manifests {
            let script =
                manifest.object?["Lifecycle"]?.object?["run"]?.object?["Script"]?.string ?? ""
            for part in [
                "spotter-edge\" attach --component com.example.Model --component-version 1.0.0",
                "{artifacts:decompressedPath}/line-1_greengrass_model_component",
                "{artifacts:path}/line-1_greengrass_model_component.zip",
            ] { #expect(script.contains(part)) }
        }
    }

    /// Each rule of the component format, broken once.
    @Test(arguments: [
        (
            #""RecipeFormatVersion" : "2020-01-25""#, #""RecipeFormatVersion" : "2021""#,
            "2020-01-25"
        ),
        ("com.example.Model\",\n  \"ComponentP", "a b\",\n  \"ComponentP", "ComponentName"),
        (#""ComponentVersion" : "1.0.0""#, #""ComponentVersion" : "1.0.0-rc1""#, "MAJOR.MINOR"),
        (#""ComponentVersion" : "1.0.0""#, #""ComponentVersion" : "1.0.1000000""#, "999999"),
        ("\"ComponentPublisher\"", "\"Publisher\"", "no member of a recipe"),
        (">=0.1.0 <1.0.0", "^0.1.0", "VersionRequirement"),
        (">=0.1.0 <1.0.0", ">=0.1.0, <1.0.0", "VersionRequirement"),
        ("\"HARD\"", "\"FIRM\"", "HARD or SOFT"), ("\"linux\"", "\"windows\"", "must be linux"),
        ("\"amd64\"", "\"x86_64\"", "amd64 or aarch64"),
        ("\"runtime\" : \"*\"", "\"runtime\" : \"java\"", "runtime"),
        ("\"run\" :", "\"startup\" :", "no phase"),
        ("\"Script\" : \"until", "\"Script\" : \"X=${Y}; until", "${X}"),
        ("\"Script\" : \"until", "\"Script\" : \"f() { :; }; until", "f() { }"),
        (
            "{kernel:rootPath}/work/com.spotter.EdgeAgent/bin", "{com.x:artifacts:path}/bin",
            "another component"
        ),
        ("\"Uri\" : \"s3", "\"URI\" : \"s3", "URI is no member"), ("s3://", "https://", "s3://"),
        ("\"ZIP\"", "\"TAR\"", "NONE or ZIP"), ("\"ALL\"", "\"EVERYONE\"", "OWNER or ALL"),
        ("Model line version 1", String(repeating: "d", count: 2001), "2000 characters"),
        (
            "\"Script\" : \"until", "\"Script\" : \"\(String(repeating: ":;", count: 1000))until",
            "2000"
        ),
        ("Model line version 1", String(repeating: "d", count: 8000), "bytes"),
        ("\"runtime\" : \"*\"", "\"runtime\" : \"aws_nucleus_lite\"", ""),
    ])
    func aBrokenRuleIsNamed(old: String, new: String, words: String) throws {
        let text = String(decoding: try recipe(), as: UTF8.self)
        #expect(text.contains(old), "the recipe no longer has \(old)")
        let found = violations(Data(text.replacing(old, with: new).utf8))
        if words.isEmpty {
            #expect(found == [])
        } else {
            #expect(found.contains { $0.contains(words) }, "\(found)")
        }
    }

    @Test func aManifestThatCanNeverMatchIsReported() throws {
        var root = try JSONValue(parsing: try recipe()).object ?? [:]
        let manifests = try #require(root["Manifests"]?.array)
        root["Manifests"] = .array(manifests + manifests)
        let found = RecipeRules.violations(in: root, bytes: 1000)
        #expect(found == ["Manifests[1] can never match: one before it has its platform."])
        root["Manifests"] = .array([])
        #expect(RecipeRules.violations(in: root, bytes: 1000).count == 1)
        #expect(throws: ComponentError.self) { try RecipeDocument(portable: root) }
        #expect(violations(Data("[]".utf8)).count == 1)
    }
}
