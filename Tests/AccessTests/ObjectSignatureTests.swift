import Access
import Base
import FoundationEssentials
import Testing

/// Examples that AWS publishes in the user guide of S3's signatures; their key is the one of all
/// examples of AWS.
@Suite struct ObjectSignatureTests {
    private static let credentials = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    private static let verifier = SignatureVerifier(region: "us-east-1", services: ["s3"]) {
        $0 == credentials.accessKeyID ? credentials : nil
    }

    private func time(_ text: String) throws -> Date { try #require(SigningTime.parse(text)) }

    @Test func aPresignedURLIsSignedAsPublished() throws {
        let now = try time("20130524T000000Z")
        let signer = RequestSigner(
            credentials: Self.credentials, region: "us-east-1", service: "s3")
        let url = signer.presignedURL(
            method: "GET", endpoint: "https://examplebucket.s3.amazonaws.com", path: "/test.txt",
            expiresSeconds: 86_400, now: now)
        let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        #expect(url.hasSuffix("X-Amz-Signature=\(signature)"))
    }

    @Test func aPresignedURLIsGoodUntilItExpires() throws {
        let query = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
            ("X-Amz-Date", "20130524T000000Z"), ("X-Amz-Expires", "86400"),
            ("X-Amz-SignedHeaders", "host"),
            (
                "X-Amz-Signature",
                "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
            ),
        ]
        func verify(_ path: String, after seconds: TimeInterval) throws {
            let request = SignableRequest(
                method: "GET", path: path, query: query,
                headers: [("Host", "examplebucket.s3.amazonaws.com")])
            _ = try Self.verifier.verify(
                request, Authorization(query: query), payloadHash: "UNSIGNED-PAYLOAD",
                now: try time("20130524T000000Z").addingTimeInterval(seconds))
        }
        try verify("/test.txt", after: 86_399)
        #expect(throws: AccessError(.expired, "Request has expired")) {
            try verify("/test.txt", after: 86_400)
        }
        #expect(throws: AccessError.self) { try verify("/other.txt", after: 1) }
    }

    /// As botocore signs a Date that its caller set.
    @Test(arguments: [
        ("Fri, 24 May 2013 00:00:00 GMT", true), ("Fri, 24 May 2013 00:00:00 -0000", true),
        ("20130524T000000Z", true), ("Fri, 24 May 2013 00:00:01 GMT", false),
        ("Fri, 24 May 2013", false), ("", false),
    ])
    func aDateTakesThePlaceOfXAmzDate(_ date: String, _ isSound: Bool) throws {
        let request = SignableRequest(
            method: "GET", path: "/k", query: [], headers: [("Host", "h"), ("Date", date)])
        let scope = SigningScope(day: "20130524", region: "us-east-1", service: "s3")
        let hash = Checksum.sha256(Data())
        let canonical = CanonicalRequest.text(
            of: request, signedHeaders: ["date", "host"], payloadHash: hash, isObjectPath: true)
        let signature = CanonicalRequest.hexSignature(
            of: CanonicalRequest.stringToSign(canonical, scope: scope, time: "20130524T000000Z"),
            secret: Self.credentials.secretAccessKey, scope: scope)
        let authorization = try Authorization(
            header: "AWS4-HMAC-SHA256 Credential=\(Self.credentials.accessKeyID)/\(scope.text), "
                + "SignedHeaders=date;host, Signature=\(signature)")
        let now = try time("20130524T000500Z")
        let result = Result {
            try Self.verifier.verify(request, authorization, payloadHash: hash, now: now)
        }
        #expect(((try? result.get()) != nil) == isSound)
    }

    @Test func aQuerySignatureOfBeforeVersion4IsTheOnePublished() throws {
        let query = [
            ("AWSAccessKeyId", "AKIAIOSFODNN7EXAMPLE"),
            ("Signature", "NpgCjnDzrM+WFzoENXmpNDUsSn8="), ("Expires", "1175139620"),
        ]
        let legacy = try #require(LegacyQuery(query: query))
        func verify(_ path: String, at seconds: TimeInterval) throws {
            try legacy.verify(
                SignableRequest(method: "GET", path: path, query: query, headers: []),
                credentials: Self.credentials, now: Date(timeIntervalSince1970: seconds))
        }
        try verify("/johnsmith/photos/puppy.jpg", at: 1_175_139_619)
        #expect(throws: AccessError(.expired, "Request has expired")) {
            try verify("/johnsmith/photos/puppy.jpg", at: 1_175_139_620)
        }
        #expect(throws: AccessError.self) {
            try verify("/johnsmith/photos/kitten.jpg", at: 1_175_139_619)
        }
    }

    /// 66,560 bytes in chunks of 64 KiB, as the guide sends them.
    private static let chunked: (signed: [(name: String, value: String)], body: [UInt8]) = {
        let headers = [
            ("Host", "s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 "
                    + "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                    + "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;"
                    + "x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,"
                    + "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
            ),
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", "66560"),
            ("Content-Length", "66824"),
        ]
        func chunk(_ count: Int, _ signature: String) -> [UInt8] {
            Array("\(String(count, radix: 16));chunk-signature=\(signature)\r\n".utf8)
                + [UInt8](repeating: UInt8(ascii: "a"), count: count) + Array("\r\n".utf8)
        }
        let body =
            chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648")
            + chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")
            + chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")
        return (headers, body)
    }()

    private func chunkSigner() throws -> ChunkSigner {
        let request = SignableRequest(
            method: "PUT", path: "/examplebucket/chunkObject.txt", query: [],
            headers: Self.chunked.signed)
        let header = try #require(request.headers.first { $0.name == "Authorization" }).value
        return try Self.verifier.verify(
            request, Authorization(header: header),
            payloadHash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", now: try time("20130524T000000Z")
        ).chunkSigner
    }

    @Test func signedChunksAreAcceptedAsPublished() throws {
        for step in [1, 7, 1000, 70_000] {
            var decoder = PayloadDecoder(
                .chunked(try chunkSigner(), hasTrailer: false), decodedCount: 66_560)
            var out = Data()
            for start in stride(from: 0, to: Self.chunked.body.count, by: step) {
                let end = min(start + step, Self.chunked.body.count)
                for piece in try decoder.decode(Data(Self.chunked.body[start..<end])) {
                    out += piece
                }
            }
            let trailers = try decoder.finish()
            #expect(trailers.isEmpty)
            #expect(out == Data(repeating: UInt8(ascii: "a"), count: 66_560))
        }
    }

    @Test func aChangedChunkIsRefused() throws {
        var body = Self.chunked.body
        body[66_200] ^= 1
        var decoder = PayloadDecoder(
            .chunked(try chunkSigner(), hasTrailer: false), decodedCount: 66_560)
        let error = #expect(throws: PayloadError.self) {
            _ = try decoder.decode(Data(body))
            _ = try decoder.finish()
        }
        #expect(error?.code == .signature)
    }

    @Test(arguments: [
        ("5\r\nhello\r\n0\r\n\r\n", PayloadError.Code?.none),
        ("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", nil),
        ("5\r\nhello\r\n0\r\n", nil), ("5\r\nhello\r\n", .incomplete), ("5\r\nhel", .incomplete),
        ("5\r\nhelloX\r\n0\r\n\r\n", .malformed), ("x\r\nhello\r\n", .malformed),
        ("-5\r\nhello\r\n0\r\n\r\n", .malformed), ("4\r\nhell\r\n0\r\n\r\n", .incomplete),
        ("6\r\nhello!\r\n0\r\n\r\n", .incomplete), ("0\r\n\r\nmore", .malformed),
        ("ffffffffffffffff\r\n", .malformed), ("5\r\nhello\r\n0\r\nno header\r\n\r\n", .malformed),
    ])
    func unsignedChunks(_ body: String, _ expected: PayloadError.Code?) {
        var decoder = PayloadDecoder(.chunked(nil, hasTrailer: true), decodedCount: 5)
        var (out, failure) = (Data(), PayloadError.Code?.none)
        do {
            for byte in body.utf8 {
                for piece in try decoder.decode(Data([byte])) { out += piece }
            }
            _ = try decoder.finish()
        } catch {
            failure = error.code
        }
        #expect(failure == expected)
        if expected == nil { #expect(out == Data("hello".utf8)) }
    }

    @Test func aLineWithoutEndIsNotKept() {
        var decoder = PayloadDecoder(.chunked(nil, hasTrailer: true), decodedCount: nil)
        let error = #expect(throws: PayloadError.self) {
            for _ in 0..<100 { _ = try decoder.decode(Data(repeating: 0x30, count: 1000)) }
        }
        #expect(error?.code == .malformed)
    }

    @Test func aPlainPayloadMustHaveItsHash() throws {
        for (hash, isRight) in [
            ("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", true),
            (String(repeating: "0", count: 64), false),
        ] {
            var decoder = PayloadDecoder(.plain(sha256: hash), decodedCount: 5)
            _ = try decoder.decode(Data("hello".utf8))
            if isRight {
                let trailers = try decoder.finish()
                #expect(trailers.isEmpty)
            } else {
                var wrong = decoder
                #expect(throws: PayloadError.self) { _ = try wrong.finish() }
            }
        }
    }

    /// The check values of a catalogue of CRCs, and those of FIPS 180 for the others.
    @Test(arguments: [
        (ChecksumAlgorithm.crc32, "cbf43926"), (.crc32c, "e3069283"),
        (.crc64nvme, "ae8b14860a799888"), (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ])
    func checksums(_ algorithm: ChecksumAlgorithm, _ expected: String) {
        var (whole, pieces) = (Checksummer(algorithm), Checksummer(algorithm))
        whole.update(Data("123456789".utf8))
        for byte in "123456789".utf8 { pieces.update(Data([byte])) }
        #expect(Hex.encode(whole.digest) == expected)
        #expect(pieces.digest == whole.digest)
        // Longer ones take the path of eight bytes a step.
        let long = Data((0..<1003).map { UInt8(truncatingIfNeeded: $0 * $0) })
        var (one, other) = (Checksummer(algorithm), Checksummer(algorithm))
        one.update(long)
        for byte in long { other.update(Data([byte])) }
        #expect(one.digest == other.digest)
    }
}
