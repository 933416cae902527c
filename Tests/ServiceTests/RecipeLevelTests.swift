import FoundationEssentials
import Testing
import Wire
import WireAWS

@testable import Service

/// What Greengrass takes, and what only some nuclei take.
@Suite struct RecipeLevelTests {
    private static let plain = """
        RecipeFormatVersion: 2020-01-25
        ComponentName: com.example.Hello
        ComponentVersion: '1.0.0'
        Manifests:
        - Platform:
            os: all
        """

    private func errors(_ text: String) -> String {
        do {
            _ = try RecipeDocument(validating: Data(text.utf8))
            return ""
        } catch {
            return error.message
        }
    }

    /// Both levels of rules.
    private func violations(_ text: String) -> [String] {
        let bytes = Data(text.utf8)
        do {
            return RecipeRules.violations(in: try RecipeDocument.parse(bytes), bytes: bytes.count)
        } catch {
            return [error.message]
        }
    }

    @Test func aRecipeOfAUserMayUseAllOfGreengrass() throws {
        let text = """
            ---
            RecipeFormatVersion: "2020-01-25"
            ComponentName: com.example.Hello
            ComponentVersion: 1.2.3
            ComponentType: aws.greengrass.generic
            ComponentDescription: Says hello.
            ComponentPublisher: Somebody
            ComponentConfiguration:
              DefaultConfiguration:
                Message: world
                Count: 3
                Ratio: 0.5
                Flag: true
                Nothing: null
                Word: yes
                accessControl: {}
            ComponentDependencies:
              aws.greengrass.Nucleus: {VersionRequirement: '^2.0.0', DependencyType: SOFT}
              com.example.Other: {VersionRequirement: '~1.2 || >=3.0.0 <4.0.0 || 5.x'}
            Lifecycle:
              all:
                run: echo
            Manifests:
            - Name: Windows
              Platform: {os: windows, architecture: amd64, nvidia: 'yes'}
              Selections: [all]
              Lifecycle:
                Setenv: {PORT: 8080}
                Install: {Skipif: onpath git, Script: "apt-get install git", Timeout: 60}
                Startup: |
                  set -e
                  echo ${HOME} & exit 0
                Shutdown: {Script: stop, RequiresPrivilege: true}
              Artifacts:
              - URI: s3://bucket/folder/file.zip
                Unarchive: zip
                Permission: {Read: ALL, Execute: OWNER}
              - Uri: docker:library/image:1
            - {}
            """
        let recipe = try RecipeDocument(validating: Data(text.utf8))
        #expect(recipe.name == "com.example.Hello" && recipe.version == "1.2.3")
        #expect(
            recipe.artifacts.map(\.uri) == [
                "s3://bucket/folder/file.zip", "docker:library/image:1",
            ])
        #expect(recipe.platforms.map(\.name) == ["Windows", "all"])
        #expect(recipe.platforms[0].attributes["nvidia"] == "yes")
        let configuration = recipe.root["ComponentConfiguration"]?.object?["DefaultConfiguration"]
        #expect(
            configuration
                == .object([
                    "Message": .string("world"), "Count": .integer(3), "Ratio": .number(0.5),
                    "Flag": .boolean(true), "Nothing": .null, "Word": .string("yes"),
                    "accessControl": .object([:]),
                ]))
        // The same, but not for every nucleus.
        let found = violations(text)
        for words in [
            "Lifecycle is no member", "os must be linux", "nvidia", "Startup is no phase",
            "URI is no member", "comparisons",
        ] { #expect(found.contains { $0.contains(words) }, "\(words) in \(found)") }
    }

    @Test func whatNeedsNoPhaseAndNoArtifactIsAComponentToo() throws {
        #expect(errors(Self.plain) == "")
        #expect(errors(Self.plain.replacing("\n- Platform:\n    os: all", with: " []")) == "")
        #expect(!violations(Self.plain).isEmpty)
    }

    @Test(arguments: [
        ("2020-01-25", "2020-01-26", "RecipeFormatVersion"),
        ("com.example.Hello", "com example", "ComponentName"),
        ("com.example.Hello", "..", "ComponentName"),
        ("com.example.Hello", "[a]", "ComponentName"),
        ("'1.0.0'", "1.0", "ComponentVersion"), ("'1.0.0'", "1.0.0-beta", "ComponentVersion"),
        ("'1.0.0'", "1.0.١", "ComponentVersion"), ("'1.0.0'", "../1.0.0", "ComponentVersion"),
        ("Manifests:", "Manifest:", "Manifest is no member"),
        ("Manifests:", "manifests: []\nManifests:", "differ only by case"),
        ("os: all", "os: [all]", "Platform must be"),
        ("- Platform", "- 7\n- Platform", "Manifests[0] must be an object"),
        ("os: all", "os: all\n  Lifecycle: run", "Lifecycle must be an object"),
        ("os: all", "os: all\n  Lifecycle: {run: 7}", "run must be a text or an object"),
        (
            "os: all", "os: all\n  Lifecycle: {run: {Script: x, Skipif: always}}",
            "Skipif must begin"
        ),
        ("Manifests:", "ComponentDependencies: {a: '1'}\nManifests:", "must be an object"),
        (
            "Manifests:", "ComponentDependencies: {a: {VersionRequirement: '1.0.0.0'}}\nManifests:",
            "must be a range"
        ),
        (
            "Manifests:",
            "ComponentDependencies: {a: {VersionRequirement: '1', DependencyType: FIRM}}\nManifests:",
            "HARD or SOFT"
        ),
        ("Manifests:", "ComponentType: my.type\nManifests:", "ComponentType"),
        ("os: all", "os: all\n  Artifacts: [{Unarchive: ZIP}]", "Uri must be"),
        ("os: all", "os: all\n  Artifacts: [{Uri: 'https://a/b'}]", "Uri must be"),
        ("os: all", "os: all\n  Artifacts: [{Uri: 's3://bucket'}]", "Uri must be"),
        ("os: all", "os: all\n  Artifacts: [{Uri: 's3://bucket/a/..'}]", "Uri must be"),
        ("os: all", "os: all\n  Artifacts: [{Uri: 's3://bucket/a/'}]", "Uri must be"),
        (
            "os: all", "os: all\n  Artifacts: [{Uri: 's3://b/c', uri: 's3://b/d'}]",
            "differ only by case"
        ),
        ("os: all", "os: all\n  Artifacts: [{Uri: 's3://b/c', Unarchive: TAR}]", "NONE or ZIP"),
        (
            "os: all", "os: all\n  Artifacts: [{Uri: 's3://b/c', Permission: {Read: WORLD}}]",
            "OWNER or ALL"
        ),
        ("os: all", "os: all\n  Artifacts: [{Uri: 's3://b/c', Digest: abc}]", "32 bytes"),
        (
            "os: all", "os: all\n  Lifecycle: {run: '\(String(repeating: "x", count: 16384))'}",
            "16384"
        ),
    ])
    func whatTheOriginalRefusesIsNamed(old: String, new: String, words: String) {
        #expect(Self.plain.contains(old))
        let message = errors(Self.plain.replacing(old, with: new))
        #expect(message.contains(words), "\(message)")
    }

    @Test(arguments: [
        ("*", true), ("1", true), ("1.x", true), ("1.2.3", true), ("=1.2.3", true), (">1", true),
        (">= 1.0.0 < 2.0.0", true), ("^0.1.0", true), ("~1.2.3", true), ("~>1.2", true),
        ("1.0.0 - 2.0.0", true), ("1.0.0-alpha.1+build", true), (">=1.0.0 <2.0.0 || 3.x", true),
        ("", false), ("latest", false), (">=1.0.0, <2.0.0", false), ("1.0.0.0", false),
        ("=>1.0.0", false), (">=", false), ("1..0", false), ("-1.0.0", false), ("1.0.0-", false),
        ("10000000.0.0", false),
    ])
    func rangesOfVersionsAreReadAsNpmDoes(range: String, isValid: Bool) {
        let text = Self.plain.replacing(
            "Manifests:",
            with: "ComponentDependencies: {a: {VersionRequirement: \"\(range)\"}}\nManifests:")
        #expect((errors(text) == "") == isValid)
    }

    @Test func yamlThatGrowsOrNestsIsRefused() {
        var bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<40 {
            bomb += "b\(level): &b\(level) [*a, *a, *a, *a, *a, *a, *a, *a]\n"
        }
        #expect(errors(bomb).contains("anchors"))
        // As a key, where the parser itself would look at all of it.
        #expect(errors("? &a [x]\n: 1\n? *a\n: 2").contains("anchors"))
        #expect(errors("{\"a\":&b 1, \"c\":*b}").contains("not valid JSON"))
        #expect(errors("a: !!binary AAAA").contains("tag"))
        #expect(errors("a: *b").contains("undefined alias"))
        #expect(errors("x: " + String(repeating: "[", count: 8000)).contains("neither JSON"))
        #expect(errors(String(repeating: "- ", count: 8000) + "x").contains("neither JSON"))
        #expect(errors("a: 1\na: 2").contains("neither JSON"))
        #expect(errors("a: 1\n---\nb: 2").contains("neither JSON"))
        #expect(errors("") != "" && errors("- a") != "" && errors("7") != "")
        #expect(errors(Self.plain + "\n# &text, *.zip, a && b, x=1&y=2") == "")
        #expect(errors(Self.plain.replacing("os: all", with: "os: &os all")) == "")
    }

    @Test func aRecipeComesBackFromYAMLAsItWas() throws {
        let texts = [
            "plain", "with space", "yes", "null", "~", "1.0", "0x10", "2020-01-25", "- a", "a: b",
            "# no comment", "{x}", "'", "\"", "\\", "tab\there", "line\nline\n", "\n  indented\n",
            "trailing \n", "ümlaut 𝄞", "\r\n", " lead", "", "&a", "*a", "!t", "%", "@", "`",
            "\u{7}",
            "a\n\n\nb", "x\n ", "-", "?", "1e5", "+1", ".5", "true",
        ]
        let members = Dictionary(
            uniqueKeysWithValues: texts.map { ($0 + "k", JSONValue.string($0)) })
        var recipe = try RecipeDocument(validating: Data(Self.plain.utf8))
        let json = try JSONValue(parsing: try recipe.json())
        #expect(try RecipeDocument(validating: try recipe.yaml()) == recipe)
        var root = json.object ?? [:]
        root["ComponentConfiguration"] = .object([
            "DefaultConfiguration": .object(
                members.merging(
                    ["n": .number(1.5), "i": .integer(-3), "b": .boolean(false), "z": .null]) { $1 }
            )
        ])
        recipe = try RecipeDocument(stored: try JSONEncoder().encode(JSONValue.object(root)))
        let again = try RecipeDocument(validating: try recipe.yaml())
        let given = recipe.root["ComponentConfiguration"]?.object?["DefaultConfiguration"]?.object
        let got = again.root["ComponentConfiguration"]?.object?["DefaultConfiguration"]?.object
        for (key, value) in given ?? [:] { #expect(got?[key] == value, "\(key)") }
        #expect(again == recipe)
    }

    @Test func digestsAreAddedAndNothingElseChanges() throws {
        let text = Self.plain + "\n  Artifacts: [{URI: 's3://b/c', Mine: 1}, {URI: 's3://b/d'}]"
        var recipe = try RecipeDocument(validating: Data(text.utf8))
        let digest = Data(repeating: 1, count: 32).base64EncodedString()
        for artifact in recipe.artifacts { recipe.setDigest(digest, of: artifact) }
        guard case .array(let manifests) = recipe.root["Manifests"],
            case .array(let artifacts) = manifests[0].object?["Artifacts"]
        else { return #expect(Bool(false)) }
        #expect(
            artifacts[0]
                == .object([
                    "URI": .string("s3://b/c"), "Mine": .integer(1), "Digest": .string(digest),
                    "Algorithm": .string("SHA-256"),
                ]))
        #expect(artifacts[1].object?["Digest"] == .string(digest))
    }
}
