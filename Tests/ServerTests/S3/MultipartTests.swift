import Access
import Base
import Crypto
import FoundationEssentials
import HTTPTypes
import Storage
import TestSupport
import Testing

/// Objects that come in parts.
@Suite(.sharedServer) struct MultipartTests {
    private static let partBytesMin = 5 << 20

    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    @Test func partsBecomeOneObject() async throws {
        let client = try await S3Client(server)
        let parts = [
            noise(Self.partBytesMin, seed: 1), noise(Self.partBytesMin, seed: 2),
            noise(1000, seed: 3),
        ]
        let upload = try await client.upload(
            "big", headers: [("Content-Type", "x/y"), ("x-amz-meta-m", "1")])
        var etags: [String] = []
        for (index, part) in parts.enumerated() {
            let answer = try await client.part("big", upload, index + 1, part)
            etags.append(try #require(answer.header("etag")))
        }
        let listed = try await client.get("big", query: [("uploadId", upload)])
        #expect(listed.elements("PartNumber") == ["1", "2", "3"])
        #expect(listed.elements("Size") == parts.map { "\($0.count)" })
        let uploads = try await client.get("", query: [("uploads", "")])
        #expect(uploads.elements("UploadId") == [upload])
        #expect(try await client.get("big").xmlFailure == "404 NoSuchKey")
        func complete(_ numbers: [Int], etag: String? = nil) async throws -> Answer {
            try await client.complete(
                "big", upload, numbers.map { ($0, etag ?? etags[$0 - 1]) })
        }
        #expect(try await complete([2, 1, 3]).xmlFailure == "400 InvalidPartOrder")
        let wrong = "\"00000000000000000000000000000000\""
        #expect(try await complete([1, 2, 3], etag: wrong).xmlFailure == "400 InvalidPart")
        let sized = try await client.complete(
            "big", upload, (1...3).map { ($0, etags[$0 - 1]) },
            headers: [("x-amz-mp-object-size", "7")])
        #expect(sized.xmlFailure == "400 InvalidRequest")
        let done = try await complete([1, 2, 3])
        #expect(done.status == 200)
        let digest = Insecure.MD5.hash(
            data: parts.reduce(into: Data()) { $0 += Data(Insecure.MD5.hash(data: $1)) })
        let got = try await client.get("big")
        #expect(got.header("etag") == "\"\(Hex.encode(digest))-3\"")
        #expect(got.body == parts.reduce(Data(), +))
        #expect(got.header("content-type") == "x/y" && got.header("x-amz-meta-m") == "1")
        #expect(try await client.get("", query: [("uploads", "")]).element("UploadId") == nil)
    }

    @Test func smallPartsUnknownUploadsAndAborts() async throws {
        let client = try await S3Client(server)
        let upload = try await client.upload("small")
        var parts: [(Int, String)] = []
        for number in 1...2 {
            let answer = try await client.part("small", upload, number, Data("x".utf8))
            parts.append((number, try #require(answer.header("etag"))))
        }
        let small = try await client.complete("small", upload, parts)
        #expect(small.xmlFailure == "400 EntityTooSmall")
        let none = try await client.complete("small", upload, [])
        #expect(none.xmlFailure == "400 MalformedXML")
        let body = Data("x".utf8)
        let missing = "404 NoSuchUpload"
        #expect(try await client.part("other", upload, 1, body).xmlFailure == missing)
        let escaping = try await client.get("small", query: [("uploadId", "../../x")])
        #expect(escaping.xmlFailure == missing)
        let aborted = try await client.send(.delete, "small", query: [("uploadId", upload)])
        #expect(aborted.status == 204)
        #expect(try await client.part("small", upload, 1, body).xmlFailure == missing)
        let beyond = try await client.part("small", upload, 10_001, body)
        #expect(beyond.xmlFailure == "400 InvalidArgument")
    }

    @Test(arguments: [
        ("bytes=5-2", "400 InvalidArgument"), ("x", "400 InvalidArgument"),
        ("bytes=5-", "400 InvalidArgument"), ("bytes=0-10", "416 InvalidRange"),
    ])
    func aPartIsCopiedFromARangeOrNotAtAll(_ range: String, _ failure: String) async throws {
        let client = try await S3Client(server)
        try await client.put("from", "0123456789")
        let upload = try await client.upload("joined")
        func copy(_ range: String) async throws -> Answer {
            try await client.part(
                "joined", upload, 1, Data(),
                headers: [
                    ("x-amz-copy-source", "/\(client.bucket)/from"),
                    ("x-amz-copy-source-range", range),
                ])
        }
        #expect(try await copy(range).xmlFailure == failure)
        let parts = try await client.get("joined", query: [("uploadId", upload)])
        #expect(parts.status == 200 && parts.elements("PartNumber").isEmpty)
        let copied = try await copy("bytes=2-4")
        let etag = try #require(copied.element("ETag")).replacing("&quot;", with: "\"")
        #expect(try await client.complete("joined", upload, [(1, etag)]).status == 200)
        #expect(try await client.get("joined").text == "234")
    }

    @Test func aFinishedUploadHasTheChecksumThatWasAnnounced() async throws {
        let client = try await S3Client(server)
        let parts = [noise(Self.partBytesMin, seed: 1), noise(100, seed: 2)]
        func checksum(_ bytes: Data) -> String {
            var sum = Checksummer(.crc32)
            sum.update(bytes)
            return sum.base64
        }
        let whole = checksum(parts.reduce(Data(), +))
        let upload = try await client.upload(
            "joined",
            headers: [
                ("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT"),
            ])
        var document = ""
        for (index, part) in parts.enumerated() {
            let answer = try await client.part("joined", upload, index + 1, part)
            let sum = try #require(answer.header("x-amz-checksum-crc32"))
            #expect(sum == checksum(part))
            let etag = try #require(answer.header("etag"))
            document +=
                "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(etag)</ETag>"
                + "<ChecksumCRC32>\(sum)</ChecksumCRC32></Part>"
        }
        func complete(_ sum: String) async throws -> Answer {
            try await client.send(
                .post, "joined", query: [("uploadId", upload)],
                headers: [
                    ("x-amz-checksum-crc32", sum), ("x-amz-checksum-type", "FULL_OBJECT"),
                ],
                body: Data(
                    "<CompleteMultipartUpload>\(document)</CompleteMultipartUpload>".utf8))
        }
        #expect(try await complete("AAAAAA==").xmlFailure == "400 BadDigest")
        let done = try await complete(whole)
        #expect(done.element("ChecksumCRC32") == whole)
        #expect(done.element("ChecksumType") == "FULL_OBJECT")
        let got = try await client.get("joined", headers: [("x-amz-checksum-mode", "ENABLED")])
        #expect(got.header("x-amz-checksum-crc32") == whole)
        #expect(got.body == parts.reduce(Data(), +))
    }

    @Test func anUploadThatWasLeftBehindGoesAfterAWeek() async throws {
        let client = try await S3Client(server)
        let forgotten = try await client.upload("forgotten")
        _ = try await client.part("forgotten", forgotten, 1, Data("x".utf8))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -8 * 86_400)],
            ofItemAtPath: "\(client.folder)/.spotter-uploads/\(forgotten)")
        let other = try await client.upload("other")
        let parts = try await client.get("forgotten", query: [("uploadId", forgotten)])
        #expect(parts.xmlFailure == "404 NoSuchUpload")
        #expect(try await client.get("other", query: [("uploadId", other)]).status == 200)
    }

    @Test func uploadsOfOneBucketHaveAQuota() async throws {
        let client = try await S3Client(server)
        let first = try await client.upload("first")
        for number in 1..<DirectoryLimits.uploadsMax {
            let digits = String(number)
            let id = String(repeating: "0", count: 32 - digits.count) + digits
            try FileManager.default.createDirectory(
                atPath: "\(client.folder)/.spotter-uploads/\(id)",
                withIntermediateDirectories: true)
        }
        let answer = try await client.send(.post, "more", query: [("uploads", "")])
        #expect(answer.xmlFailure == "400 EntityTooLarge")
        _ = try await client.send(.delete, "first", query: [("uploadId", first)])
        #expect(try await client.send(.post, "more", query: [("uploads", "")]).status == 200)
    }
}
