import Access
import Crypto
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing
import Wire

/// Greengrass on the embedded registry: the life of components, lists, tags and documents.
@Suite(.sharedServer) struct ComponentTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func client() -> GreengrassClient { GreengrassClient(server) }

    private func fetch(_ url: String, range: String? = nil) async throws -> Answer {
        var request = TestRequest(.get, url: url)
        if let range { request.headers.append(("Range", range)) }
        return try await server.send(request)
    }

    @Test func aComponentIsMadeDescribedReadAndDeleted() async throws {
        let client = client()
        let content = Data((0..<5000).flatMap { _ in UInt8.min...UInt8.max })
        let bucket = "parts-\(client.name.lowercased().suffix(8))"
        try await server.bucket(bucket, ["folder/a b.zip": content])
        let uri = "s3://\(bucket)/folder/a b.zip"
        let made = try await client.create(uris: [uri], tags: #"{"line":"7"}"#)
        let arn = client.arn()
        #expect(made.status == 201 && made.json["arn"].string == arn)
        #expect(made.json["componentName"].string == client.name)
        #expect(made.json["componentVersion"].string == "1.0.0")
        let status = JSONValue.object([
            "componentState": .string("DEPLOYABLE"), "message": .string("NONE"),
            "errors": .object([:]), "vendorGuidance": .string("ACTIVE"),
        ])
        #expect(made.json["status"] == status)
        let described = try await client.describe(arn).json
        #expect(described["status"] == status && described["tags"]["line"].string == "7")
        #expect(described["creationTimestamp"] == made.json["creationTimestamp"])
        #expect(described["creationTimestamp"] != .null)
        #expect(described["publisher"].string == "Somebody")
        #expect(described["description"].string == "Says hello")
        #expect(described["platforms"].items.first?["name"].string == "linux-amd64")

        let got = try await client.get(arn).json
        #expect(got["recipeOutputFormat"].string == "JSON")
        let document = try recipe(got)
        let artifact = document["Manifests"].items[0]["Artifacts"].items[0]
        let digest = Data(SHA256.hash(data: content)).base64EncodedString()
        #expect(artifact["Uri"].string == uri && artifact["Digest"].string == digest)
        #expect(artifact["Algorithm"].string == "SHA-256")
        // What comes out goes in again, also as YAML.
        let yaml = try await client.get(arn, query: [("recipeOutputFormat", "YAML")]).json
        let text = String(decoding: try bytes(yaml), as: UTF8.self)
        #expect(text.contains("ComponentName: \(client.name)\n") && text.contains(digest))
        let next = text.replacing("1.0.0", with: "1.1.0")
        #expect(try await client.create(Data(next.utf8)).status == 201)
        let again = try recipe(try await client.get(client.arn("1.1.0")).json)
        #expect(again["Manifests"] == document["Manifests"])

        try await expectDownloads(client, arn, bucket, content)

        let versions = try await client.versions(client.component).json["componentVersions"]
        #expect(versions.items.map { $0["componentVersion"].string } == ["1.1.0", "1.0.0"])
        #expect(versions.items.map { $0["arn"].string } == [client.arn("1.1.0"), arn])
        #expect(try await client.delete(arn).status == 204)
        let missing = try await client.describe(arn)
        #expect(missing.failure == "404 ResourceNotFoundException")
        #expect(missing.json["resourceId"].string == arn)
        #expect(missing.json["resourceType"].string == "component")
        for answer in [try await client.get(arn), try await client.delete(arn)] {
            #expect(answer.failure == "404 ResourceNotFoundException")
        }
        let folder = "\(server.service.directory.path)/greengrass"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { $0.contains(client.name) }
        #expect(files.contains("recipes/\(client.name)-1.1.0.json"))
        #expect(!files.contains { $0.contains("1.0.0") })
    }

    private func expectDownloads(
        _ client: GreengrassClient, _ arn: String, _ bucket: String, _ content: Data
    ) async throws {
        var url = ""
        for name in ["a b.zip", "\(bucket)/folder/a b.zip"] {
            url = try await client.artifact(arn, name).json["preSignedUrl"].string ?? ""
            #expect(url.hasPrefix("http://localhost/") && url.contains("X-Amz-Signature="))
            let whole = try await fetch(url)
            #expect(whole.status == 200 && whole.body == content)
            #expect(whole.header("content-length") == "\(content.count)")
        }
        let part = try await fetch(url, range: "bytes=1000-1255")
        #expect(part.status == 206 && part.body == content[1000..<1256])
        #expect(try await fetch(url, range: "bytes=99999999-").status == 416)
        for wrong in [
            url.replacing("Expires=900", with: "Expires=901"),
            url.replacing("X-Spotter-User=", with: "X-Spotter-User=else"),
            String(url.prefix { $0 != "?" }), url.replacing("1.0.0", with: "1.1.0"),
        ] { #expect([403, 404].contains(try await fetch(wrong).status)) }
        let other = try await client.artifact(arn, "b.zip")
        #expect(other.failure == "404 ResourceNotFoundException")
    }

    private func bytes(_ answer: JSONValue) throws -> Data {
        try #require(Data(base64Encoded: answer["recipe"].string ?? ""))
    }

    private func recipe(_ answer: JSONValue) throws -> JSONValue {
        try JSONValue(parsing: bytes(answer))
    }

    @Test func aLinkToAnArtifactExpires() async throws {
        let server = try TestServer()
        let client = GreengrassClient(server)
        try await server.bucket("parts", ["a.zip": Data([1, 2, 3])])
        _ = try await client.create(uris: ["s3://parts/a.zip"])
        let url = try await client.artifact(client.arn(), "a.zip").json["preSignedUrl"].string
        let request = TestRequest(.get, url: try #require(url))
        server.service.clock.advance(by: 899)
        #expect(try await server.send(request).body == Data([1, 2, 3]))
        server.service.clock.advance(by: 1)
        #expect(try await server.send(request).status == 403)
    }

    @Test func artifactsThatCannotBeReadMakeItFail() async throws {
        let client = client()
        let answer = try await client.create(uris: ["s3://no-parts/gone.zip"])
        #expect(answer.failure == "400 ValidationException")
        #expect(
            answer.message == "Invalid Input: Encountered following errors in Artifacts: "
                + "{s3://no-parts/gone.zip = Specified artifact resource cannot be accessed}")
        #expect(try await client.describe(client.arn()).status == 404)
    }

    @Test func aTokenIsAnsweredAgainAndAVersionMadeOnce() async throws {
        let client = client()
        let first = try await client.create(token: "token-1")
        let again = try await client.create(token: "token-1")
        #expect(first.status == 201 && first.json == again.json)
        let reused = try await client.create("2.0.0", token: "token-1")
        #expect(reused.failure == "409 ConflictException")
        let twice = try await client.create(token: "token-2")
        #expect(twice.failure == "409 ConflictException")
        #expect(
            twice.message == "Component [\(client.name) : 1.0.0] for account [000000000000] "
                + "already exists with state: [DEPLOYABLE]")
        #expect(twice.json["resourceId"].string == client.arn())
        #expect(try await client.create(token: "a b").failure == "400 ValidationException")
        let outcomes = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<16 {
                group.addTask { try await client.create("3.0.0", token: "p-\(number)").status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == 201 } == 1 && outcomes.count { $0 == 409 } == 15)
    }

    @Test func listsHavePages() async throws {
        let server = try TestServer()
        let client = GreengrassClient(server)
        #expect(try await client.list().json["components"].items.isEmpty)
        let names = (0..<7).map { "com.example.P\($0)" }
        for name in names { _ = try await client.create(GreengrassClient.recipe(name)) }
        for version in ["1.2.0", "1.10.0", "0.5.0"] {
            _ = try await client.create(GreengrassClient.recipe(names[0], version))
        }
        var (pages, next): ([[JSONValue]], String?) = ([], nil)
        repeat {
            let query = [("maxResults", "3")] + (next.map { [("nextToken", $0)] } ?? [])
            let page = try await client.send(.get, "/greengrass/v2/components", query: query)
            pages.append(page.json["components"].items)
            next = page.json["nextToken"].string
        } while next != nil && pages.count < 9
        #expect(pages.map(\.count) == [3, 3, 1])
        #expect(pages.joined().map { $0["componentName"].string } == names)
        let component = "\(GreengrassClient.arn):\(names[0])"
        let newest = pages[0][0]["latestVersion"]
        #expect(pages[0][0]["arn"].string == component)
        #expect(newest["componentVersion"].string == "1.10.0")
        #expect(newest["arn"].string == "\(component):versions:1.10.0")
        #expect(newest["platforms"].items.first?["attributes"]["os"].string == "linux")
        let first = try await client.versions(component, query: [("maxResults", "2")])
        func versions(_ answer: Answer) -> [String?] {
            answer.json["componentVersions"].items.map { $0["componentVersion"].string }
        }
        #expect(versions(first) == ["1.10.0", "1.2.0"])
        let token = try #require(first.json["nextToken"].string)
        let rest = try await client.versions(component, query: [("nextToken", token)])
        #expect(versions(rest) == ["1.0.0", "0.5.0"])
        #expect(try await client.list(("scope", "PUBLIC")).json["components"].items.isEmpty)
        let own = try await client.list(("scope", "PRIVATE"))
        #expect(own.json["components"].items.count == 7)
        for answer in [
            try await client.list(("nextToken", "forged")),
            try await client.list(("nextToken", token)),
        ] { #expect(answer.failure == "400 ValidationException") }
        let none = try await client.versions("\(GreengrassClient.arn):com.example.None")
        // `gdk component publish` asks so about a new component.
        #expect(none.status == 200 && none.json["componentVersions"].items.isEmpty)
        let restarted = try TestServer(directory: server.service.directory)
        let kept = try await GreengrassClient(restarted).list()
        #expect(kept.json["components"].items.count == 7)
    }

    @Test func tagsAreAddedReplacedAndRemoved() async throws {
        let client = client()
        let arn = client.arn()
        _ = try await client.create(tags: #"{"a":"1"}"#)
        #expect(try await client.tag(arn, #"{"b":"2 ü","a":""}"#).status == 200)
        #expect(
            try await client.tags(arn).json["tags"]
                == .object([
                    "a": .string(""), "b": .string("2 ü"),
                ]))
        #expect(try await client.untag(arn, "a", "none").status == 200)
        let left = JSONValue.object(["b": .string("2 ü")])
        #expect(try await client.tags(arn).json["tags"] == left)
        #expect(try await client.get(arn).json["tags"] == left)
        func many(_ count: Int) -> String {
            "{" + (0..<count).map { #""k\#($0)":"""# }.joined(separator: ",") + "}"
        }
        let full = try await client.tag(arn, many(50))
        #expect(full.failure == "402 ServiceQuotaExceededException")
        #expect(full.json["quotaCode"].string == "tags")
        #expect(full.json["serviceCode"].string == "greengrass")
        let born = try await client.create("2.0.0", tags: many(51))
        #expect(born.failure == "402 ServiceQuotaExceededException")
        for tags in [#"{"aws:x":"1"}"#, #"{"a{b":"1"}"#] {
            let answer = try await client.tag(arn, tags)
            #expect(answer.failure == "400 ValidationException")
            #expect(answer.json["fields"].items.first?["name"].string == "tags")
        }
        let whole = try await client.tag(client.component, #"{"a":"1"}"#)
        #expect(whole.json["fields"].items.first?["name"].string == "resourceArn")
        #expect(try await client.tags(client.arn("9.9.9")).status == 404)
    }
}
