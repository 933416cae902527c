import Access
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

/// Tags of objects and buckets, and the configurations of buckets that are kept.
@Suite(.sharedServer) struct TaggingTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private static func document(_ tags: String) -> Data {
        let items = tags.split(separator: "&").map { pair in
            let sides = pair.replacing("<", with: "&lt;")
                .split(separator: "=", omittingEmptySubsequences: false)
            return "<Tag><Key>\(sides[0])</Key><Value>\(sides[1])</Value></Tag>"
        }
        return Data("<Tagging><TagSet>\(items.joined())</TagSet></Tagging>".utf8)
    }

    private func put(_ client: S3Client, _ key: String, _ tags: String) async throws -> Answer {
        try await client.send(
            .put, key, query: [("tagging", "")], body: Self.document(tags))
    }

    private func tags(_ client: S3Client, _ key: String) async throws -> [String] {
        let answer = try await client.get(key, query: [("tagging", "")])
        return zip(answer.elements("Key"), answer.elements("Value")).map { "\($0)=\($1)" }
    }

    @Test func anObjectHasItsTagsUntilItIsReplaced() async throws {
        let client = try await S3Client(server)
        try await client.put("k", "x")
        let etag = try await client.head("k").header("etag")
        #expect(try await put(client, "k", "shift=early&line=7").status == 200)
        #expect(try await tags(client, "k") == ["line=7", "shift=early"])
        let head = try await client.head("k")
        #expect(head.header("x-amz-tagging-count") == "2" && head.header("etag") == etag)
        #expect(try await put(client, "k", "").status == 200)
        #expect(try await tags(client, "k").isEmpty)
        #expect(try await client.head("k").header("x-amz-tagging-count") == nil)
        _ = try await put(client, "k", "line=7")
        let gone = try await client.send(.delete, "k", query: [("tagging", "")])
        #expect(gone.status == 204)
        #expect(try await tags(client, "k").isEmpty)
        _ = try await put(client, "k", "line=7")
        try await client.put("k", "y")
        #expect(try await tags(client, "k").isEmpty)
        #expect(try await put(client, "none", "a=b").xmlFailure == "404 NoSuchKey")
    }

    @Test(arguments: [
        "a=b&a=c", "aws:a=b", "a<b=c", "=b", (0..<11).map { "\($0)=" }.joined(separator: "&"),
    ])
    func aSetOfTagsThatS3DoesNotHaveIsRefused(_ tags: String) async throws {
        let client = try await S3Client(server)
        let encoded = tags.replacing("<", with: "%3C")
        let refused = try await client.put("k", "x", headers: [("x-amz-tagging", encoded)])
        #expect(refused.xmlFailure == "400 InvalidTag")
        try await client.put("k", "x")
        #expect(try await put(client, "k", tags).xmlFailure == "400 InvalidTag")
        #expect(try await self.tags(client, "k").isEmpty)
    }

    @Test func tagsComeWithAPutAndGoAlongWithACopy() async throws {
        let client = try await S3Client(server)
        try await client.put("k", "x", headers: [("x-amz-tagging", "a+b=c%2Fd&e")])
        #expect(try await tags(client, "k") == ["a b=c/d", "e="])
        let source = ("x-amz-copy-source", "/\(client.bucket)/k")
        try await client.put("copy", "", headers: [source])
        #expect(try await tags(client, "copy") == ["a b=c/d", "e="])
        try await client.put(
            "copy", "",
            headers: [source, ("x-amz-tagging", "f=g"), ("x-amz-tagging-directive", "REPLACE")])
        #expect(try await tags(client, "copy") == ["f=g"])
        let unknown = try await client.put(
            "copy", "", headers: [source, ("x-amz-tagging-directive", "KEEP")])
        #expect(unknown.xmlFailure == "400 InvalidArgument")
        let upload = try await client.upload("parts", headers: [("x-amz-tagging", "f=g")])
        let part = try await client.part("parts", upload, 1, Data("x".utf8))
        _ = try await client.complete(
            "parts", upload, [(1, try #require(part.header("etag")))])
        #expect(try await tags(client, "parts") == ["f=g"])
        let late = try await client.part(
            "parts", upload, 1, Data(), headers: [("x-amz-tagging", "f=g")])
        #expect(late.xmlFailure == "501 NotImplemented")
    }

    /// Policies decide about tags as about anything else.
    @Test func whoMayNotTagCannotTagByAPutOrACopy() async throws {
        let client = try await S3Client(server)
        try await client.put("tagged", "x", headers: [("x-amz-tagging", "a=b")])
        let user = try await server.user(
            #"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}"#)
        let other = client.with(user)
        let tagged = try await other.put("k", "x", headers: [("x-amz-tagging", "a=b")])
        #expect(tagged.xmlFailure == "403 AccessDenied")
        let copy = try await other.put(
            "k", "", headers: [("x-amz-copy-source", "/\(client.bucket)/tagged")])
        #expect(copy.xmlFailure == "403 AccessDenied")
        #expect(try await put(other, "tagged", "c=d").xmlFailure == "403 AccessDenied")
        #expect(try await client.get("k").xmlFailure == "404 NoSuchKey")
        #expect(try await other.put("k", "x").status == 200)
    }

    @Test func theConfigurationsOfABucketStayBesideEachOther() async throws {
        let client = try await S3Client(server)
        let documents = [
            ("tagging", String(decoding: Self.document("line=7"), as: UTF8.self)),
            (
                "publicAccessBlock",
                "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
                    + "</PublicAccessBlockConfiguration>"
            ),
            (
                "ownershipControls",
                "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"
                    + "</OwnershipControls>"
            ),
            (
                "cors",
                "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>"
                    + "<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"
            ),
        ]
        for (name, document) in documents {
            let put = try await client.send(
                .put, query: [(name, "")], body: Data(document.utf8))
            #expect([200, 204].contains(put.status))
        }
        let found = ["<Value>7", "<BlockPublicPolicy>false", "ObjectWriter", "<AllowedOrigin>*"]
        for (index, (name, _)) in documents.enumerated() {
            for (text, (other, _)) in zip(found, documents).dropFirst(index) {
                let answer = try await client.send(.get, query: [(other, "")])
                #expect(answer.status == 200 && answer.text.contains(text))
            }
            let gone = try await client.send(.delete, query: [(name, "")])
            #expect(gone.status == 204)
            #expect(try await client.send(.get, query: [(name, "")]).status == 404)
        }
    }

    @Test(arguments: [
        ("ownershipControls", "<OwnershipControls/>", "400 MalformedXML"),
        (
            "ownershipControls",
            "<OwnershipControls><Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule>"
                + "</OwnershipControls>", "400 MalformedXML"
        ),
        ("publicAccessBlock", "<Other/>", "400 MalformedXML"), ("tagging", "x", "400 MalformedXML"),
        ("encryption", "<ServerSideEncryptionConfiguration/>", "400 MalformedXML"),
        (
            "encryption",
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
                + "<SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>"
                + "</ServerSideEncryptionConfiguration>", "501 NotImplemented"
        ),
    ])
    func aConfigurationThatIsNotOneIsRefused(
        _ name: String, _ document: String, _ failure: String
    ) async throws {
        let client = try await S3Client(server)
        let put = try await client.send(.put, query: [(name, "")], body: Data(document.utf8))
        #expect(put.xmlFailure == failure)
    }

    @Test func aWishForEncryptionIsNoneOfARead() async throws {
        let client = try await S3Client(server)
        try await client.put("k", "x")
        let wish = [("x-amz-server-side-encryption", "AES256")]
        let read = try await client.get("k", headers: wish)
        #expect(read.xmlFailure == "400 InvalidArgument")
        #expect(try await client.send(.head, "k", headers: wish).status == 400)
    }
}
