import Access
import Base
import Crypto
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

/// Hashes, checksums and chunks of what is put.
@Suite(.sharedServer) struct PayloadTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    /// The values of a catalogue of CRCs, and of the hash functions, for the text 123456789.
    @Test(arguments: [
        ("crc32", "y/Q5Jg=="), ("crc32c", "4waSgw=="), ("crc64nvme", "rosUhgp5mIg="),
        ("sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
        ("sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
    ])
    func checksumsAreCheckedAndKept(_ algorithm: String, _ value: String) async throws {
        let client = try await S3Client(server)
        let name = "x-amz-checksum-\(algorithm)"
        let put = try await client.put("k", "123456789", headers: [(name, value)])
        #expect(put.status == 200 && put.header(name) == value)
        let got = try await client.get("k", headers: [("x-amz-checksum-mode", "ENABLED")])
        #expect(got.header(name) == value && got.text == "123456789")
        #expect(got.header("x-amz-checksum-type") == "FULL_OBJECT")
        #expect(try await client.get("k").header(name) == nil)
        // A checksum that is asked for and not sent is computed.
        let asked = try await client.put(
            "asked", "123456789",
            headers: [("x-amz-sdk-checksum-algorithm", algorithm.uppercased())])
        #expect(asked.header(name) == value)
    }

    @Test(arguments: [
        ("x-amz-checksum-crc32", "AAAAAA==", "400 BadDigest"),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", "400 BadDigest"),
        ("x-amz-checksum-sha256", "AAAA", "400 BadDigest"),
        ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "400 BadDigest"),
        ("Content-MD5", "abc", "400 InvalidDigest"),
        ("x-amz-sdk-checksum-algorithm", "MD4", "400 InvalidRequest"),
    ])
    func aWrongChecksumLeavesNothing(
        _ name: String, _ value: String, _ failure: String
    ) async throws {
        let client = try await S3Client(server)
        #expect(try await client.put("k", "x", headers: [(name, value)]).xmlFailure == failure)
        #expect(try await client.get("k").xmlFailure == "404 NoSuchKey")
    }

    @Test func twoChecksumsAreOneTooMany() async throws {
        let client = try await S3Client(server)
        let answer = try await client.put(
            "k", "123456789",
            headers: [
                ("x-amz-checksum-crc32", "y/Q5Jg=="), ("x-amz-checksum-crc32c", "4waSgw=="),
            ])
        #expect(answer.xmlFailure == "400 InvalidRequest")
    }

    @Test func aBodyThatIsNotTheSignedOneLeavesNothing() async throws {
        let client = try await S3Client(server)
        var request = client.request(.put, "k", body: Data("good".utf8))
            .signed(as: TestServer.root, "s3", at: server.now)
        request.body = Data("evil".utf8)
        let answer = try await server.send(request)
        #expect(answer.xmlFailure == "400 XAmzContentSHA256Mismatch")
        #expect(try await client.get("k").xmlFailure == "404 NoSuchKey")
    }

    @Test func metadataHasABound() async throws {
        let client = try await S3Client(server)
        let answer = try await client.put(
            "k", "x", headers: [("x-amz-meta-a", String(repeating: "x", count: 2048))])
        #expect(answer.xmlFailure == "400 MetadataTooLarge")
    }

    // MARK: Chunks

    private static let signedChunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    private static let unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    private func chunked(
        _ client: S3Client, _ hash: String, length: Int, trailer: String? = nil
    ) -> TestRequest {
        client.request(
            .put, "k",
            headers: [
                ("Content-Encoding", "aws-chunked"),
                ("x-amz-decoded-content-length", "\(length)"),
            ] + (trailer.map { [("x-amz-trailer", $0)] } ?? [])
        ).signed(as: TestServer.root, "s3", payload: .sha256(hash), at: server.now)
    }

    /// The chunks with the chain of signatures that begins with the request's, as AWS publishes it.
    private func body(_ chunks: [String], of request: TestRequest) throws -> Data {
        let authorization = try #require(
            request.headers.first { $0.name == "Authorization" }?.value)
        let time = try #require(request.headers.first { $0.name == "X-Amz-Date" }?.value)
        let scope = "\(time.prefix(8))/us-east-1/s3/aws4_request"
        func hmac(_ key: Data, _ text: String) -> Data {
            Data(
                HMAC<SHA256>.authenticationCode(
                    for: Data(text.utf8), using: SymmetricKey(data: key)))
        }
        let secret = Data("AWS4\(TestServer.root.secretAccessKey)".utf8)
        let key = [String(time.prefix(8)), "us-east-1", "s3", "aws4_request"]
            .reduce(secret, hmac)
        var previous = String(authorization.split(separator: "=").last ?? "")
        var body = Data()
        for chunk in chunks + [""] {
            let text = [
                "AWS4-HMAC-SHA256-PAYLOAD", time, scope, previous,
                Hex.encode(SHA256.hash(data: Data())),
                Hex.encode(SHA256.hash(data: Data(chunk.utf8))),
            ].joined(separator: "\n")
            previous = Hex.encode(hmac(key, text))
            let size = String(chunk.utf8.count, radix: 16)
            body += Data("\(size);chunk-signature=\(previous)\r\n\(chunk)\r\n".utf8)
        }
        return body
    }

    @Test func signedChunksAreTakenApart() async throws {
        let client = try await S3Client(server)
        var request = chunked(client, Self.signedChunks, length: 11)
        request.body = try body(["hello ", "chunk"], of: request)
        #expect(try await server.send(request).status == 200)
        let got = try await client.get("k")
        #expect(got.text == "hello chunk")
        // How a body travelled is not a property of the object.
        #expect(got.header("content-encoding") == nil)
    }

    @Test func aChunkThatWasChangedLeavesNothing() async throws {
        let client = try await S3Client(server)
        var request = chunked(client, Self.signedChunks, length: 11)
        let right = try body(["hello ", "chunk"], of: request)
        request.body = Data(
            String(decoding: right, as: UTF8.self)
                .replacing("chunk\r\n", with: "clunk\r\n").utf8)
        #expect(try await server.send(request).xmlFailure == "403 SignatureDoesNotMatch")
        request.body = right.dropLast(30)
        #expect(try await server.send(request).xmlFailure == "400 IncompleteBody")
        #expect(try await client.get("k").xmlFailure == "404 NoSuchKey")
    }

    @Test(arguments: [
        ("x-amz-checksum-crc32:y/Q5Jg==", "200 none"),
        ("x-amz-checksum-crc32:AAAAAA==", "400 BadDigest"),
        ("x-amz-checksum-sha1:98O8HYCOBHMq32eZZczDTKeuNEE=", "400 IncompleteBody"),
    ])
    func aTrailerHasTheChecksumThatWasAnnounced(
        _ trailer: String, _ outcome: String
    ) async throws {
        let client = try await S3Client(server)
        var request = chunked(
            client, Self.unsignedTrailer, length: 9, trailer: "x-amz-checksum-crc32")
        request.body = Data("9\r\n123456789\r\n0\r\n\(trailer)\r\n\r\n".utf8)
        #expect(try await server.send(request).xmlFailure == outcome)
        let status = try await client.head("k").status
        #expect(status == (outcome == "200 none" ? 200 : 404))
    }

    @Test func chunksNeedTheLengthOfWhatTheyCarry() async throws {
        let client = try await S3Client(server)
        var request = client.request(.put, "k")
            .signed(
                as: TestServer.root, "s3", payload: .sha256(Self.signedChunks), at: server.now)
        request.body = try body(["x"], of: request)
        #expect(try await server.send(request).xmlFailure == "411 MissingContentLength")
        var wrong = chunked(client, Self.signedChunks, length: 5)
        wrong.body = try body(["hello chunk"], of: wrong)
        let answer = try await server.send(wrong)
        #expect(answer.status == 400)
        #expect(try await client.head("k").status == 404)
    }
}
