import Access
import Base
import Crypto
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

/// Objects of the embedded S3: what is put, read, copied and deleted.
@Suite(.sharedServer) struct ObjectTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func client() async throws -> S3Client { try await S3Client(server) }

    private func etag(_ body: Data) -> String {
        "\"\(Hex.encode(Insecure.MD5.hash(data: body)))\""
    }

    @Test(arguments: [
        "a", "a b+c/d~e.txt", "ümlaut/日本.png", "x&y=z/?#[]@!$'()*,;:.bin", "%41/100%",
        "dots/..x/...", "folder/",
    ])
    func objectsComeBackAsTheyWerePut(_ key: String) async throws {
        let client = try await client()
        let body = key.hasSuffix("/") ? Data() : noise(100_000)
        let put = try await client.send(
            .put, key,
            headers: [
                ("Content-Type", "text/x-test"), ("Cache-Control", "no-cache"),
                ("Content-Disposition", "attachment"), ("x-amz-meta-Station", "A-7"),
                ("x-amz-meta-note", "x y"),
            ], body: body)
        #expect(put.status == 200 && put.header("etag") == etag(body))
        let (got, head) = (try await client.get(key), try await client.head(key))
        #expect(got.body == body && head.body.isEmpty)
        for answer in [got, head] {
            for (name, value) in [
                ("content-type", "text/x-test"), ("cache-control", "no-cache"),
                ("content-disposition", "attachment"), ("x-amz-meta-station", "A-7"),
                ("x-amz-meta-note", "x y"), ("etag", etag(body)),
                ("content-length", "\(body.count)"), ("accept-ranges", "bytes"),
            ] { #expect(answer.header(name) == value, "\(name)") }
            #expect(answer.header("last-modified")?.hasSuffix(" GMT") == true)
        }
        for list in [try await client.list(), try await client.send(.get)] {
            #expect(list.elements("Key").count == 1)
        }
        let encoded = try await client.list(("encoding-type", "url"))
        #expect(encoded.element("Key") == CanonicalRequest.encode(key, isPath: true))
        for _ in 0..<2 { #expect(try await client.send(.delete, key).status == 204) }
        #expect(try await client.get(key).xmlFailure == "404 NoSuchKey")
    }

    @Test func filesPutIntoTheFolderByHandAreObjects() async throws {
        let client = try await client()
        let path = "\(client.folder)/by/hand.png"
        try FileManager.default.createDirectory(
            atPath: "\(client.folder)/by", withIntermediateDirectories: true)
        try Data("not really".utf8).write(to: URL(filePath: path))
        let head = try await client.head("by/hand.png")
        #expect(head.header("content-type") == "image/png")
        #expect(head.header("etag")?.hasSuffix("-1\"") == true)
        try Data("changed now".utf8).write(to: URL(filePath: path))
        #expect(try await client.head("by/hand.png").header("etag") != head.header("etag"))
        try await client.put("by/hand.png", "by S3")
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("by S3".utf8))
    }

    // MARK: Ranges

    @Test(arguments: [
        ("bytes=0-9", 0..<10), ("bytes=90-", 90..<100), ("bytes=-7", 93..<100),
        ("bytes=95-1000", 95..<100), ("bytes=-1000", 0..<100),
        ("bytes=94-9223372036854775807", 94..<100),
        ("bytes=94-99999999999999999999999", 94..<100),
    ])
    func aRangeIsAPart(_ header: String, _ range: Range<Int>) async throws {
        let (client, body) = (try await client(), noise(100))
        _ = try await client.send(.put, "r", body: body)
        let got = try await client.get("r", headers: [("Range", header)])
        #expect(got.status == 206 && got.body == body[range])
        let last = range.upperBound - 1
        #expect(got.header("content-range") == "bytes \(range.lowerBound)-\(last)/100")
    }

    @Test(arguments: ["bytes=5-2", "bytes=x-y", "lines=0-3", "bytes=0-1,5-6", "bytes=-"])
    func aRangeThatCannotBeReadIsTheWhole(_ header: String) async throws {
        let client = try await client()
        try await client.put("r", "0123456789")
        let got = try await client.get("r", headers: [("Range", header)])
        #expect(got.status == 200 && got.text == "0123456789")
    }

    @Test(arguments: [
        "bytes=100-", "bytes=9223372036854775807-", "bytes=99999999999999999999999-",
    ])
    func aRangeBeyondTheEndIsRefused(_ header: String) async throws {
        let client = try await client()
        _ = try await client.send(.put, "r", body: noise(100))
        let answer = try await client.get("r", headers: [("Range", header)])
        #expect(answer.xmlFailure == "416 InvalidRange")
        #expect(answer.element("ActualObjectSize") == "100")
        try await client.put("empty", "")
        let empty = try await client.get("empty", headers: [("Range", "bytes=0-")])
        #expect(empty.xmlFailure == "416 InvalidRange")
    }

    @Test(arguments: [11_000_000_000.0, -11_000_000_000])
    func anObjectOfAnotherAgeIsReadAndListed(_ seconds: TimeInterval) async throws {
        let client = try await client()
        try await client.put("r", "0123456789")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: seconds)],
            ofItemAtPath: "\(client.folder)/r")
        #expect(try await client.get("r").text == "0123456789")
        #expect(try await client.list().element("KeyCount") == "1")
    }

    // MARK: Conditions

    @Test func conditionsOfReadsHold() async throws {
        let client = try await client()
        let etag = try #require(try await client.put("c", "1").header("etag"))
        let modified = try #require(try await client.head("c").header("last-modified"))
        let before = "Thu, 01 Jan 1970 00:00:00 GMT"
        for (name, value, expected) in [
            ("If-Match", etag, 200), ("If-Match", "*", 200), ("If-Match", "\"other\"", 412),
            ("If-None-Match", etag, 304), ("If-None-Match", "\"other\"", 200),
            ("If-Modified-Since", modified, 304), ("If-Modified-Since", before, 200),
            ("If-Modified-Since", "yesterday", 200), ("If-Unmodified-Since", modified, 200),
            ("If-Unmodified-Since", before, 412),
        ] {
            let got = try await client.get("c", headers: [(name, value)])
            #expect(got.status == expected, "\(name): \(value)")
            #expect(got.text == "1" || expected != 200)
            if expected == 412 { #expect(got.element("Code") == "PreconditionFailed") }
            let head = try await client.send(.head, "c", headers: [(name, value)])
            #expect(head.status == expected && head.body.isEmpty)
        }
    }

    @Test func conditionsOfWritesHold() async throws {
        let client = try await client()
        let etag = try #require(try await client.put("c", "1").header("etag"))
        let failed = "412 PreconditionFailed"
        for condition in [("If-None-Match", "*"), ("If-Match", "\"other\"")] {
            #expect(try await client.put("c", "2", headers: [condition]).xmlFailure == failed)
        }
        #expect(try await client.get("c").text == "1")
        #expect(try await client.put("c", "2", headers: [("If-Match", etag)]).status == 200)
        #expect(try await client.put("new", "3", headers: [("If-None-Match", "*")]).status == 200)
        let copy = try await client.send(
            .put, "d",
            headers: [
                ("x-amz-copy-source", "/\(client.bucket)/c"), ("x-amz-copy-source-if-match", etag),
            ])
        #expect(copy.xmlFailure == failed)
        #expect(try await client.head("d").status == 404)
        let both = try await client.put(
            "c", "4", headers: [("If-Match", etag), ("If-None-Match", "*")])
        #expect(both.xmlFailure == failed)
        #expect(try await client.put("c", "2", headers: [("If-Match", "*")]).status == 200)
        let absent = try await client.put("e", "2", headers: [("If-Match", "*")])
        #expect(absent.xmlFailure == "404 NoSuchKey")
        let other = try #require(try await client.head("c").header("etag"))
        let same = try await client.put("c", "5", headers: [("If-None-Match", other)])
        #expect(same.xmlFailure == failed)
        let changed = try await client.put("c", "5", headers: [("If-None-Match", "\"x\"")])
        #expect(changed.status == 200)
    }

    @Test func deletionsHoldTimeAndSize() async throws {
        let client = try await client()
        try await client.put("d", "12345")
        let time = try #require(try await client.head("d").header("last-modified"))
        for header in [
            ("x-amz-if-match-size", "4"), ("x-amz-if-match-size", "x"),
            ("x-amz-if-match-last-modified-time", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            let answer = try await client.send(.delete, "d", headers: [header])
            #expect(answer.xmlFailure == "412 PreconditionFailed")
        }
        let unread = try await client.send(
            .delete, "d", headers: [("x-amz-if-match-last-modified-time", "yesterday")])
        #expect(unread.xmlFailure == "400 InvalidArgument")
        let refused = try await client.delete(
            "<Delete><Object><Key>d</Key><Size>4</Size></Object></Delete>")
        #expect(refused.elements("Code") == ["PreconditionFailed"])
        let taken = try await client.send(
            .delete, "d",
            headers: [
                ("x-amz-if-match-size", "5"), ("x-amz-if-match-last-modified-time", time),
            ])
        #expect(taken.status == 204)
        #expect(try await client.head("d").status == 404)
    }

    @Test func aPutThatDoesNotSayHowLongItIsIsRefused() async throws {
        let client = try await client()
        let answer = try await server.send(TestRequest(.put, "/\(client.bucket)/k"), to: "s3")
        #expect(answer.xmlFailure == "411 MissingContentLength")
    }

    @Test func deletionsHoldTheirConditions() async throws {
        let client = try await client()
        let etag = try #require(try await client.put("d", "1").header("etag"))
        let refused = try await client.send(.delete, "d", headers: [("If-Match", "\"other\"")])
        #expect(refused.xmlFailure == "412 PreconditionFailed")
        let answer = try await client.delete(
            """
            <Delete><Object><Key>d</Key><VersionId>3HL4kqtJvjVBH40Nrjfkd</VersionId></Object>
            <Object><Key>d</Key><ETag>"other"</ETag></Object></Delete>
            """)
        #expect(answer.elements("Code") == ["NoSuchVersion", "PreconditionFailed"])
        let done = try await client.send(.delete, "d", headers: [("If-Match", etag)])
        #expect(done.status == 204)
        #expect(try await client.head("d").status == 404)
    }

    // MARK: Copies

    @Test func copiesKeepOrReplaceWhatIsKeptWithAnObject() async throws {
        let (client, other) = (try await client(), try await self.client())
        try await client.put(
            "from/ä b", "copied", headers: [("Content-Type", "text/plain"), ("x-amz-meta-a", "1")])
        let source = "/\(client.bucket)/" + CanonicalRequest.encode("from/ä b", isPath: true)
        let copied = try await other.send(.put, "to", headers: [("x-amz-copy-source", source)])
        #expect(copied.status == 200)
        #expect(
            copied.element("ETag")?.contains(etag(Data("copied".utf8)).dropFirst().dropLast())
                == true)
        let got = try await other.get("to")
        #expect(got.text == "copied" && got.header("x-amz-meta-a") == "1")
        #expect(got.header("content-type") == "text/plain")
        let replaced = try await client.send(
            .put, "from/ä b",
            headers: [
                ("x-amz-copy-source", source), ("x-amz-metadata-directive", "REPLACE"),
                ("x-amz-meta-b", "2"), ("Content-Type", "text/html"),
            ])
        #expect(replaced.status == 200)
        let head = try await client.head("from/ä b")
        #expect(head.header("x-amz-meta-b") == "2" && head.header("x-amz-meta-a") == nil)
        #expect(head.header("content-type") == "text/html")
        let itself = try await client.send(
            .put, "from/ä b", headers: [("x-amz-copy-source", source)])
        #expect(itself.xmlFailure == "400 InvalidRequest")
        let missing = try await client.send(
            .put, "x", headers: [("x-amz-copy-source", "/\(client.bucket)/none")])
        #expect(missing.xmlFailure == "404 NoSuchKey")
    }

    /// Two keys for a file system, and one word for people.
    @Test func keysAreBytes() async throws {
        let client = try await client()
        for key in ["nf/\u{E9}", "nf/e\u{301}"] { try await client.put(key, key) }
        let source = "/\(client.bucket)/" + CanonicalRequest.encode("nf/\u{E9}", isPath: true)
        let copied = try await client.send(
            .put, "nf/e\u{301}", headers: [("x-amz-copy-source", source)])
        #expect(copied.status == 200)
        #expect(try await client.get("nf/e\u{301}").body == Data("nf/\u{E9}".utf8))
    }

    @Test(arguments: ["../x", "a/../../x", "a/./b", "a//b", ".spotter-metadata/x"])
    func keysCannotLeaveTheirBucket(_ key: String) async throws {
        let client = try await client()
        #expect(try await client.put(key, "").xmlFailure == "400 InvalidArgument")
        let parent = "\(server.service.directory.path)/buckets/x"
        #expect(!FileManager.default.fileExists(atPath: parent))
    }

    @Test func keysThatCannotBeAreNotThere() async throws {
        let client = try await client()
        let long = String(repeating: "k", count: 1025)
        #expect(try await client.put(long, "").xmlFailure == "400 KeyTooLongError")
        #expect(try await client.put("a\u{1}b", "").xmlFailure == "400 InvalidArgument")
        for key in ["a//b", String(repeating: "x", count: 300)] {
            #expect(try await client.head(key).status == 404)
            #expect(try await client.get(key).xmlFailure == "404 NoSuchKey")
            #expect(try await client.send(.delete, key).status == 204)
        }
    }
}
