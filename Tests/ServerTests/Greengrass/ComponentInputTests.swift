import Access
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing
import Wire

/// What Greengrass' clients must not send, and what the answer says about it.
@Suite(.sharedServer) struct ComponentInputTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func expectInvalid(_ answer: Answer, _ field: String, _ words: String = "") {
        #expect(answer.failure == "400 ValidationException", "\(answer.text)")
        #expect(answer.json["reason"].string == "FIELD_VALIDATION_FAILED")
        #expect(answer.json["fields"].items.contains { $0["name"].string == field })
        #expect(words.isEmpty || answer.message.contains(words), "\(answer.message)")
    }

    @Test(arguments: [
        (Data(), "inlineRecipe"), (Data("{".utf8), "JSON"), (Data([0xFF, 0xFE]), "UTF-8"),
        (Data("a: [".utf8), "YAML"), (Data("a: &a [b]\nc: *a".utf8), "anchors"),
        (GreengrassClient.recipe("a b"), "ComponentName"),
        (GreengrassClient.recipe("a", "1.0"), "ComponentVersion"),
        (
            GreengrassClient.recipe("a", "1.0.0", ["RecipeFormatVersion": #""1""#]),
            "2020-01-25"
        ),
        (GreengrassClient.recipe("a", "1.0.0", ["Unknown": "1"]), "Unknown is no member"),
        (GreengrassClient.recipe("a", uris: ["http://a/b"]), "Uri must be"),
        (
            GreengrassClient.recipe(
                "a", "1.0.0",
                ["ComponentDescription": "\"\(String(repeating: "x", count: 16_384))\""]),
            "16384"
        ),
        (
            GreengrassClient.recipe(
                "a", "1.0.0",
                ["ComponentDependencies": #"{"a":{"VersionRequirement":"newest"}}"#]),
            "range"
        ),
    ])
    func aRecipeThatIsWrongIsRefusedWithTheReason(
        _ recipe: Data, _ words: String
    ) async throws {
        expectInvalid(
            try await GreengrassClient(server).create(recipe), "inlineRecipe", words)
    }

    @Test func inputThatIsWrongIsNamed() async throws {
        let client = GreengrassClient(server)
        let create = "/greengrass/v2/createComponentVersion"
        let lambda = try await client.send(
            .post, create,
            #"{"lambdaFunction":{"lambdaArn":"arn:aws:lambda:us-east-1:1:function:f:1"}}"#)
        expectInvalid(lambda, "lambdaFunction", "inlineRecipe")
        expectInvalid(try await client.send(.post, create, "{}"), "inlineRecipe")
        for arn in ["nonsense", client.component] {
            for answer in [
                try await client.describe(arn), try await client.get(arn),
                try await client.delete(arn),
            ] { expectInvalid(answer, "arn", "regular expression") }
        }
        expectInvalid(try await client.versions(client.arn()), "arn")
        expectInvalid(try await client.list(("maxResults", "101")), "maxResults")
        expectInvalid(try await client.list(("scope", "MINE")), "scope")
        expectInvalid(
            try await client.get(client.arn(), query: [("recipeOutputFormat", "XML")]),
            "recipeOutputFormat")
        let tags = "/tags/\(CanonicalRequest.encode(client.arn()))"
        expectInvalid(try await client.send(.post, tags, "{}"), "tags")
        expectInvalid(try await client.send(.delete, tags), "tagKeys")
    }

    /// Other regions and accounts, and names that no component can have, are not here.
    @Test(arguments: [
        "arn:aws:greengrass:eu-west-1:000000000000:components:a:versions:1.0.0",
        "arn:aws:greengrass:us-east-1:aws:components:aws.greengrass.Cli:versions:2.0.0",
        "\(GreengrassClient.arn):..:versions:1.0.0",
        "\(GreengrassClient.arn):a/../b:versions:1.0.0",
        "\(GreengrassClient.arn):a:versions:../../x",
        "\(GreengrassClient.arn):%2e%2e:versions:1.0.0",
    ])
    func anAddressOfNoComponentHereIsNotFound(_ arn: String) async throws {
        let client = GreengrassClient(server)
        for answer in [
            try await client.describe(arn), try await client.get(arn),
            try await client.delete(arn), try await client.tag(arn, #"{"a":"b"}"#),
        ] { #expect(answer.failure == "404 ResourceNotFoundException") }
    }

    @Test func signaturesAreChecked() async throws {
        let id = TestServer.root.accessKeyID
        for (key, failure) in [
            (
                Credentials(accessKeyID: id, secretAccessKey: "wrong"),
                "403 InvalidSignatureException"
            ),
            (
                Credentials(accessKeyID: "AKIAXXXXXXXXXXXXXXXX", secretAccessKey: "x"),
                "403 UnrecognizedClientException"
            ),
        ] {
            let answer = try await GreengrassClient(server).with(key).list()
            #expect(answer.failure == failure)
        }
    }
}
