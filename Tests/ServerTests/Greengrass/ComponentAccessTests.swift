import Access
import FoundationEssentials
import HTTPTypes
import Storage
import TestSupport
import Testing
import Wire

/// Who may do what with components, and what the audit log and the metrics say about it.
@Suite(.sharedServer) struct ComponentAccessTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func expectDenied(_ answer: Answer, _ words: String) {
        #expect(answer.failure == "403 AccessDeniedException", "\(answer.text)")
        #expect(answer.message.contains(words), "\(answer.message)")
    }

    @Test func policiesDecideByComponentAndVersion() async throws {
        let client = GreengrassClient(server)
        let (one, two) = (client.arn("1.0.0"), client.arn("2.0.0"))
        for version in ["1.0.0", "2.0.0"] { _ = try await client.create(version) }
        let reader = client.with(
            try await server.user(
                allow("greengrass:DescribeComponent", "greengrass:GetComponent", resource: one),
                allow("greengrass:ListComponentVersions", resource: client.component)))
        #expect(try await reader.describe(one).status == 200)
        #expect(try await reader.get(one).status == 200)
        let versions = try await reader.versions(client.component)
        #expect(versions.json["componentVersions"].items.count == 2)
        expectDenied(try await reader.describe(two), "DescribeComponent")
        expectDenied(try await reader.describe(client.arn("9.0.0")), "DescribeComponent")
        expectDenied(try await reader.delete(one), "DeleteComponent")
        expectDenied(try await reader.artifact(one, "x"), "GetComponentVersionArtifact")
        expectDenied(try await reader.list(), "ListComponents")
        expectDenied(try await reader.tags(one), "ListTagsForResource")
        let careful = client.with(
            try await server.user(
                allow("greengrass:*"),
                allow(
                    "greengrass:DeleteComponent",
                    resource: "\(client.component):versions:2.*", effect: "Deny")))
        expectDenied(try await careful.delete(two), "explicit deny")
        #expect(try await careful.list().status == 200)
        #expect(try await careful.delete(one).status == 204)
        let maker = client.with(
            try await server.user(
                allow("greengrass:CreateComponentVersion", resource: client.component)))
        #expect(try await maker.create("3.0.0").status == 201)
        expectDenied(
            try await maker.create(GreengrassClient.recipe(client.name + "x", "3.0.0")),
            "CreateComponentVersion")
    }

    @Test func policiesDecideByTags() async throws {
        let client = GreengrassClient(server)
        let (one, two) = (client.arn("1.0.0"), client.arn("2.0.0"))
        _ = try await client.create("1.0.0", tags: #"{"line":"1"}"#)
        _ = try await client.create("2.0.0", tags: #"{"line":"2"}"#)
        let first = client.with(
            try await server.user(
                allow(
                    "greengrass:*",
                    condition: #"{"StringEquals":{"aws:ResourceTag/line":"1"}}"#)))
        #expect(try await first.describe(one).status == 200)
        expectDenied(try await first.describe(two), "DescribeComponent")
        let tagger = client.with(
            try await server.user(
                allow(
                    "greengrass:TagResource", "greengrass:CreateComponentVersion",
                    condition: #"""
                        {"StringEquals":{"aws:RequestTag/team":"quality"},
                        "ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}
                        """#)))
        #expect(try await tagger.tag(one, #"{"team":"quality"}"#).status == 200)
        expectDenied(try await tagger.tag(one, #"{"team":"other"}"#), "TagResource")
        expectDenied(
            try await tagger.tag(one, #"{"team":"quality","line":"3"}"#), "TagResource")
        expectDenied(try await tagger.untag(one, "team"), "UntagResource")
        let made = try await tagger.create("3.0.0", tags: #"{"team":"quality"}"#)
        #expect(made.status == 201)
        expectDenied(try await tagger.create("4.0.0"), "CreateComponentVersion")
        // Tags at the making need the permission to tag, too.
        let maker = client.with(
            try await server.user(allow("greengrass:CreateComponentVersion")))
        expectDenied(try await maker.create("4.0.0", tags: #"{"a":"b"}"#), "TagResource")
    }

    @Test func nobodyReadsByWayOfAComponentWhatTheyMayNotRead() async throws {
        let client = GreengrassClient(server)
        let bucket = "secrets-\(client.name.suffix(8))"
        try await server.bucket(bucket, ["a.zip": Data("secret".utf8)])
        let uri = "s3://\(bucket)/a.zip"
        let spy = client.with(try await server.user(allow("greengrass:*")))
        let refused = try await spy.create(uris: [uri])
        #expect(refused.failure == "400 ValidationException")
        #expect(
            refused.message.hasSuffix(
                "{\(uri) = Specified artifact resource cannot be accessed}"))
        let trusted = client.with(
            try await server.user(
                allow("greengrass:*"),
                allow("s3:GetObject", resource: "arn:aws:s3:::\(bucket)/*")))
        #expect(try await trusted.create(uris: [uri]).status == 201)
        let url = try await spy.artifact(client.arn(), "a.zip").json["preSignedUrl"].string
        let got = try await server.send(TestRequest(.get, url: try #require(url)))
        #expect(got.text == "secret")
        // Tokens of two users are two.
        #expect(try await trusted.create("2.0.0", token: "t").status == 201)
        #expect(try await spy.create("3.0.0", token: "t").status == 201)
    }

    /// URLs named the root key once, and outlived the user they were made for.
    @Test func aLinkToAnArtifactEndsWithItsUser() async throws {
        let server = try TestServer()
        let client = GreengrassClient(server)
        try await server.bucket("parts", ["a.zip": Data([1, 2, 3])])
        _ = try await client.create(uris: ["s3://parts/a.zip"])
        let policy = TestServer.policy([allow("greengrass:GetComponentVersionArtifact")])
        let key = try await server.user("reader", policy: policy)
        let answer = try await client.with(key).artifact(client.arn(), "a.zip")
        let url = try #require(answer.json["preSignedUrl"].string)
        #expect(!url.contains(TestServer.root.accessKeyID) && !url.contains(key.accessKeyID))
        let download = TestRequest(.get, url: url)
        #expect(try await server.send(download).body == Data([1, 2, 3]))
        let line = try #require(try server.auditLines().last)
        #expect(line["eventName"].string == "DownloadArtifact")
        #expect(line["userIdentity"]["userName"].string == "reader")
        let forged = url.replacing("X-Spotter-User=reader", with: "X-Spotter-User=")
        #expect(try await server.send(TestRequest(.get, url: forged)).status == 403)
        try await server.metadata.write { transaction in
            var user = try #require(try transaction.user("reader"))
            user.policy = TestServer.policy([])
            try transaction.save(user)
        }
        #expect(try await server.send(download).status == 403)
        try await server.metadata.write { try $0.removeUser("reader") }
        #expect(try await server.send(download).status == 403)
    }

    @Test func auditLogAndMetricsTellOfEveryCall() async throws {
        let server = try TestServer()
        let client = GreengrassClient(server)
        let made = try await client.create(tags: #"{"a":"b"}"#, token: "token-1")
        _ = try await client.describe(client.arn())
        _ = try await client.describe(client.arn("2.0.0"))
        let lines = try server.auditLines()
        #expect(
            lines.map { $0["eventSource"].string }
                == Array(repeating: "greengrass.amazonaws.com", count: 3))
        #expect(
            lines.map { $0["eventName"].string }
                == ["CreateComponentVersion", "DescribeComponent", "DescribeComponent"])
        #expect(lines.map { $0["errorCode"].string } == [nil, nil, "ResourceNotFoundException"])
        #expect(lines[0]["requestParameters"]["clientToken"].string == "token-1")
        #expect(lines[0]["requestParameters"]["tags"] == .object(["a": .string("b")]))
        #expect(lines[0]["responseElements"]["arn"].string == client.arn())
        #expect(lines[0]["requestID"].string == made.header("x-amzn-requestid"))
        #expect(lines.map { $0["readOnly"] } == [.boolean(false), .boolean(true), .boolean(true)])
        let values = try await server.metrics()
        let name = #"spotter_requests_total{Operation="greengrass:DescribeComponent",Result="#
        #expect(values[name + #""OK"}"#] == 1)
        #expect(values[name + #""ResourceNotFoundException"}"#] == 1)
    }
}
