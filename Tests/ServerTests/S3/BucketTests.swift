import Access
import FoundationEssentials
import HTTPTypes
import Storage
import TestSupport
import Testing

/// Buckets of the embedded S3, their lists, and documents that clients send.
@Suite(.sharedServer) struct BucketTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    @Test func bucketsComeAndGo() async throws {
        func send(
            _ method: HTTPRequest.Method, _ path: String = "/come-and-go",
            query: [(String, String)] = [], body: String = ""
        ) async throws -> Answer {
            try await server.send(
                TestRequest(method, path, query: query, body: body), to: "s3")
        }
        #expect(try await send(.put).status == 200)
        let folder = "\(server.service.directory.path)/buckets/come-and-go"
        #expect(FileManager.default.fileExists(atPath: folder))
        #expect(try await send(.put).status == 200)
        let names = try await send(.get, "/").elements("Name")
        #expect(names.contains("come-and-go") && names == names.sorted())
        let head = try await send(.head)
        #expect(head.status == 200 && head.header("x-amz-bucket-region") == "us-east-1")
        let location = try await send(.get, query: [("location", "")])
        #expect(location.status == 200 && !location.text.contains("us-east-1"))
        _ = try await send(.put, "/come-and-go/x", body: "x")
        #expect(try await send(.delete).xmlFailure == "409 BucketNotEmpty")
        _ = try await send(.delete, "/come-and-go/x")
        #expect(try await send(.delete).status == 204)
        #expect(try await send(.head).status == 404)
        #expect(try await send(.delete).xmlFailure == "404 NoSuchBucket")
        let list = try await send(.get, query: [("list-type", "2")])
        #expect(list.xmlFailure == "404 NoSuchBucket")
        let put = try await send(.put, "/come-and-go/k", body: "x")
        #expect(put.xmlFailure == "404 NoSuchBucket")
        let elsewhere = try await send(
            .put, "/elsewhere",
            body: "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint>"
                + "</CreateBucketConfiguration>")
        #expect(elsewhere.xmlFailure == "400 IllegalLocationConstraintException")
        #expect(try await send(.put, "/no").xmlFailure == "400 InvalidBucketName")
    }

    @Test(arguments: [
        (HTTPRequest.Method.put, "", "versioning"), (.put, "", "lifecycle"),
        (.put, "", "policy"), (.put, "", "website"), (.get, "k", "retention"),
        (.delete, "", "metadataConfiguration"), (.get, "", "metadataConfiguration"),
    ])
    func whatIsNotThereSaysSo(
        _ method: HTTPRequest.Method, _ key: String, _ parameter: String
    ) async throws {
        let client = try await S3Client(server)
        let answer = try await client.send(method, key, query: [(parameter, "")])
        #expect(answer.xmlFailure == "501 NotImplemented")
        #expect(try await client.send(.head).status == 200)
    }

    @Test(arguments: [
        ("x-amz-acl", "aws-exec-read"), ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption", "aws:kms:dsse"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
        ("x-amz-server-side-encryption-aws-kms-key-id", "k"),
        ("x-amz-object-lock-mode", "GOVERNANCE"),
    ])
    func whatAHeaderAsksBeyondIsNotTakenForLess(_ name: String, _ value: String) async throws {
        let client = try await S3Client(server)
        let answer = try await client.put("k", "x", headers: [(name, value)])
        #expect(answer.xmlFailure == "501 NotImplemented")
        #expect(try await client.get("k").xmlFailure == "404 NoSuchKey")
    }

    @Test func aBucketOfAnotherOwnerIsRefused() async throws {
        let client = try await S3Client(server)
        for (owner, status) in [("111122223333", 403), ("000000000000", 200)] {
            let answer = try await client.send(
                .get, query: [("list-type", "2")],
                headers: [("x-amz-expected-bucket-owner", owner)])
            #expect(answer.status == status)
        }
    }

    // MARK: Lists

    @Test func threeThousandKeysAreListedInOrder() async throws {
        let client = try await S3Client(server)
        var expected: [String] = []
        for folder in 0..<7 {
            try FileManager.default.createDirectory(
                atPath: "\(client.folder)/images/\(folder)", withIntermediateDirectories: true)
        }
        for number in 0..<3000 {
            let digits = String(100_000 + number).dropFirst()
            let key = "images/\(number % 7)/\(digits) x+y.png"
            try Data().write(to: URL(filePath: "\(client.folder)/\(key)"))
            expected.append(key)
        }
        expected.sort()
        for isSecond in [true, false] {
            var (found, next): ([String], String?) = ([], nil)
            repeat {
                let page = try await client.send(
                    .get,
                    query: (isSecond ? [("list-type", "2")] : [])
                        + (next.map { [(isSecond ? "continuation-token" : "marker", $0)] } ?? []))
                #expect(page.elements("Key").count == 1000)
                found += page.elements("Key")
                next = page.element(isSecond ? "NextContinuationToken" : "NextMarker")
            } while next != nil && found.count < 4000
            #expect(found == expected)
        }
        let folded = try await client.list(
            ("prefix", "images/"), ("delimiter", "/"), ("max-keys", "4"))
        #expect(
            folded.elements("Prefix").filter { $0 != "images/" }
                == (0..<4).map { "images/\($0)/" })
        #expect(folded.element("IsTruncated") == "true" && folded.element("KeyCount") == "4")
        let token = try #require(folded.element("NextContinuationToken"))
        let rest = try await client.list(
            ("prefix", "images/"), ("delimiter", "/"), ("continuation-token", token))
        #expect(
            rest.elements("Prefix").filter { $0 != "images/" }
                == (4..<7).map { "images/\($0)/" })
        let after = try await client.list(("start-after", expected[2998]))
        #expect(after.elements("Key") == [expected[2999]])
    }

    @Test(arguments: [
        ("continuation-token", "nonsense"), ("max-keys", "many"), ("max-keys", "-1"),
        ("encoding-type", "base64"),
    ])
    func aListThatCannotBeIsRefused(_ name: String, _ value: String) async throws {
        let client = try await S3Client(server)
        #expect(try await client.list((name, value)).xmlFailure == "400 InvalidArgument")
    }

    // MARK: DeleteObjects

    @Test func manyAreDeletedAtOnce() async throws {
        let client = try await S3Client(server)
        for number in 0..<5 { try await client.put("d/\(number)", "") }
        let keys = (0..<4).map { "d/\($0)" } + ["never there"]
        let answer = try await client.delete(
            "<Delete>" + keys.map { "<Object><Key>\($0)</Key></Object>" }.joined() + "</Delete>")
        #expect(answer.elements("Key") == keys && answer.element("Error") == nil)
        let quiet = try await client.delete(
            "<Delete><Object><Key>d/4</Key></Object><Quiet>true</Quiet></Delete>")
        #expect(quiet.status == 200 && quiet.elements("Key").isEmpty)
        #expect(try await client.list().elements("Key").isEmpty)
    }

    @Test(
        arguments: [
            "<Delete>" + String(repeating: "<a>", count: 100_000)
                + String(repeating: "</a>", count: 100_000) + "</Delete>",
            "<Delete>" + String(repeating: "<Object><Key>stays</Key></Object>", count: 100_000)
                + "</Delete>",
            "<Other><Object><Key>stays</Key></Object></Other>",
            "<!DOCTYPE d [<!ENTITY e 'stays'>]><Delete><Object><Key>&e;</Key></Object></Delete>",
            "<Delete><Object></Delete>", "", "<Delete></Delete>",
        ].map { Data($0.utf8) } + [
            // The same text in UTF-16.
            Data(
                [0xFE, 0xFF]
                    + "<Delete><Object><Key>stays</Key></Object></Delete>".utf8.flatMap { [0, $0] })
        ])
    func aDocumentHasADepthASizeARootAndAnEncoding(_ document: Data) async throws {
        let client = try await S3Client(server)
        try await client.put("stays", "x")
        let answer = try await client.send(.post, query: [("delete", "")], body: document)
        #expect(answer.xmlFailure == "400 MalformedXML", "\(answer.text)")
        #expect(try await client.head("stays").status == 200)
        let right = try await client.delete("<Delete><Object><Key>stays</Key></Object></Delete>")
        #expect(right.status == 200)
        #expect(try await client.head("stays").status == 404)
    }
}
