import Access
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

/// What programs ask about objects beside their bytes: attributes, parts, versions, rights.
@Suite(.sharedServer) struct S3AttributesTests {
    private static let partBytesMin = 5 << 20
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func joined(_ client: S3Client, headers: [(String, String)] = []) async throws
        -> (parts: [Data], answer: Answer)
    {
        let parts = [
            noise(Self.partBytesMin, seed: 1), noise(Self.partBytesMin + 1, seed: 2), noise(9),
        ]
        let upload = try await client.upload("joined", headers: headers)
        var document = ""
        for (number, part) in zip([1, 3, 7], parts) {
            let answer = try await client.part("joined", upload, number, part)
            let sum = answer.header("x-amz-checksum-sha256").map {
                "<ChecksumSHA256>\($0)</ChecksumSHA256>"
            }
            let etag = try #require(answer.header("etag"))
            document +=
                "<Part><PartNumber>\(number)</PartNumber><ETag>\(etag)</ETag>\(sum ?? "")</Part>"
        }
        let answer = try await client.send(
            .post, "joined", query: [("uploadId", upload)],
            body: Data("<CompleteMultipartUpload>\(document)</CompleteMultipartUpload>".utf8))
        return (parts, answer)
    }

    private func attributes(
        _ client: S3Client, _ key: String, _ names: String, headers: [(String, String)] = []
    ) async throws -> Answer {
        try await client.get(
            key, query: [("attributes", "")],
            headers: [("x-amz-object-attributes", names)] + headers)
    }

    @Test func attributesAreThoseThatWereAskedFor() async throws {
        let client = try await S3Client(server)
        let put = try await client.put(
            "k", "12345", headers: [("x-amz-sdk-checksum-algorithm", "SHA256")])
        let all = try await attributes(
            client, "k", "ETag,Checksum,ObjectParts, StorageClass,ObjectSize")
        #expect(all.element("ObjectSize") == "5")
        #expect(all.element("StorageClass") == "STANDARD")
        #expect(all.element("ETag") == put.header("etag")?.filter { $0 != "\"" })
        #expect(all.element("ChecksumSHA256") == put.header("x-amz-checksum-sha256"))
        #expect(all.element("ChecksumType") == "FULL_OBJECT")
        #expect(all.element("ObjectParts") == nil)
        let one = try await attributes(client, "k", "ObjectSize")
        #expect(one.element("ETag") == nil && one.header("last-modified") != nil)
        #expect(try await attributes(client, "k", "Color").xmlFailure == "400 InvalidArgument")
        let none = try await client.get("k", query: [("attributes", "")])
        #expect(none.xmlFailure == "400 InvalidArgument")
        #expect(try await attributes(client, "x", "ETag").xmlFailure == "404 NoSuchKey")
    }

    @Test func partsOfAFinishedObjectAreKnownAndReadByNumber() async throws {
        let client = try await S3Client(server)
        let (parts, done) = try await joined(
            client, headers: [("x-amz-checksum-algorithm", "SHA256")])
        #expect(done.element("ChecksumSHA256")?.hasSuffix("-3") == true)
        #expect(done.element("ChecksumType") == "COMPOSITE")
        let all = try await attributes(client, "joined", "ObjectParts,Checksum")
        #expect(all.element("PartsCount") == "3")
        #expect(all.elements("PartNumber") == ["1", "3", "7"])
        #expect(all.elements("Size") == parts.map { "\($0.count)" })
        #expect(all.elements("ChecksumSHA256").count == 4)
        let page = try await attributes(
            client, "joined", "ObjectParts",
            headers: [("x-amz-max-parts", "1"), ("x-amz-part-number-marker", "1")])
        #expect(page.elements("PartNumber") == ["3"])
        #expect(page.element("IsTruncated") == "true")
        #expect(page.element("NextPartNumberMarker") == "3")
        for (number, part) in zip([1, 3, 7], parts) {
            let query = [("partNumber", "\(number)")]
            let got = try await client.get("joined", query: query)
            #expect(got.status == 206 && got.body == part)
            #expect(got.header("x-amz-mp-parts-count") == "3")
            let head = try await client.send(.head, "joined", query: query)
            #expect(head.header("content-length") == "\(part.count)")
        }
        let none = try await client.get("joined", query: [("partNumber", "2")])
        #expect(none.xmlFailure == "400 InvalidPart")
        let both = try await client.get(
            "joined", query: [("partNumber", "1")], headers: [("Range", "bytes=0-1")])
        #expect(both.xmlFailure == "400 InvalidRequest")
    }

    @Test func anObjectInOnePieceIsItsOwnFirstPart() async throws {
        let client = try await S3Client(server)
        try await client.put("k", "12345")
        let got = try await client.get("k", query: [("partNumber", "1")])
        #expect(got.status == 200 && got.text == "12345")
        #expect(got.header("x-amz-mp-parts-count") == nil)
        let none = try await client.get("k", query: [("partNumber", "2")])
        #expect(none.xmlFailure == "400 InvalidPart")
    }

    @Test func aCompositeChecksumIsOfThePartsAsTheyCame() async throws {
        let client = try await S3Client(server)
        let upload = try await client.upload(
            "k", headers: [("x-amz-checksum-algorithm", "SHA256")])
        let part = try await client.part("k", upload, 1, Data("x".utf8))
        let etag = try #require(part.header("etag"))
        let bad = try await client.complete(
            "k", upload, [(1, etag)], headers: [("x-amz-checksum-sha256", "bad")])
        #expect(bad.xmlFailure == "400 BadDigest")
        let list = try await client.get("k", query: [("uploadId", upload)])
        #expect(list.element("ChecksumAlgorithm") == "SHA256")
        #expect(list.elements("ChecksumSHA256").count == 1)
        // A client that leaves the parts' checksums out had them checked when the parts came.
        let done = try await client.complete("k", upload, [(1, etag)])
        let known = try await attributes(client, "k", "Checksum")
        #expect(done.element("ChecksumSHA256")?.hasSuffix("-1") == true)
        #expect(known.element("ChecksumSHA256") == done.element("ChecksumSHA256"))
    }

    // MARK: Versions

    @Test func aBucketWithoutVersionsIsEmptiedByTheListOfItsVersions() async throws {
        let client = try await S3Client(server)
        for key in ["a", "a/b", "c", "d/e"] { try await client.put(key, key) }
        func page(_ query: (String, String)...) async throws -> Answer {
            try await client.send(.get, query: [("versions", "")] + query)
        }
        let first = try await page(("max-keys", "2"))
        #expect(first.elements("Key") == ["a", "a/b"])
        #expect(first.elements("VersionId") == ["null", "null"])
        #expect(first.elements("IsLatest") == ["true", "true"])
        #expect(first.element("IsTruncated") == "true")
        let rest = try await page(
            ("key-marker", first.element("NextKeyMarker") ?? ""), ("version-id-marker", "null"))
        #expect(rest.elements("Key") == ["c", "d/e"])
        let folded = try await page(("delimiter", "/"))
        #expect(folded.elements("Key") == ["a", "c"])
        let alone = try await page(("version-id-marker", "null"))
        #expect(alone.xmlFailure == "400 InvalidArgument")
        let deletion = ["a", "a/b", "c", "d/e"].map {
            "<Object><Key>\($0)</Key><VersionId>null</VersionId></Object>"
        }.joined()
        let deleted = try await client.delete("<Delete>\(deletion)</Delete>")
        #expect(deleted.elements("VersionId").count == 4)
        #expect(try await page().elements("Key").isEmpty)
        #expect(try await client.send(.delete).status == 204)
    }

    // MARK: Lists of rights

    @Test(arguments: ["", "k"])
    func aListThatSaysWhatHoldsAnywayIsAccepted(_ key: String) async throws {
        let client = try await S3Client(server)
        try await client.put("k", "x")
        for (name, failure) in [
            ("private", ""), ("bucket-owner-full-control", ""),
            ("public-read", "403 AccessDenied"), ("public-ready", "400 InvalidArgument"),
        ] {
            let answer = try await client.send(
                .put, key, query: [("acl", "")], headers: [("x-amz-acl", name)])
            if failure.isEmpty {
                #expect(answer.status == 200)
            } else {
                #expect(answer.xmlFailure == failure)
            }
        }
        let now = try await client.send(.get, key, query: [("acl", "")])
        let same = try await client.send(.put, key, query: [("acl", "")], body: now.body)
        #expect(same.status == 200)
        let others = now.text.replacing("000000000000", with: "111122223333")
        let given = try await client.send(
            .put, key, query: [("acl", "")], body: Data(others.utf8))
        #expect(given.xmlFailure == "501 NotImplemented")
    }

    // MARK: Names, places and texts

    @Test(arguments: [
        "under_score", "Capital", "ends-", "-begins", ".dot", "a..b", "a.-b", "a-.b", "192.168.5.1",
        "ab", String(repeating: "a", count: 64),
    ])
    func aNewBucketHasANameThatAmazonTakes(_ name: String) async throws {
        let answer = try await server.send(TestRequest(.put, "/\(name)"), to: "s3")
        #expect(answer.xmlFailure == "400 InvalidBucketName")
    }

    @Test func aPlaceThatIsNoRegionIsNamed() async throws {
        func make(_ place: String) async throws -> Answer {
            try await server.send(
                TestRequest(
                    .put, "/placed",
                    body: "<CreateBucketConfiguration><LocationConstraint>\(place)"
                        + "</LocationConstraint></CreateBucketConfiguration>"), to: "s3")
        }
        #expect(try await make("garbage").xmlFailure == "400 InvalidLocationConstraint")
        #expect(
            try await make("eu-west-1").xmlFailure == "400 IllegalLocationConstraintException")
        #expect(try await make("us-east-1").status == 200)
        #expect(try await make("").status == 200)
    }

    @Test func aPrefixThatCannotBePrintedIsAnsweredEncoded() async throws {
        let client = try await S3Client(server)
        try await client.put("k", "x")
        for prefix in ["\u{1}", "\u{A}", "\u{FFFE}"] {
            let answer = try await client.list(("prefix", prefix))
            #expect(answer.status == 200 && answer.elements("Key").isEmpty)
        }
        #expect(try await client.list(("prefix", "\u{1}")).element("Prefix") == "%01")
        let delimiter = try await client.list(("delimiter", "\u{1}"))
        #expect(delimiter.element("EncodingType") == "url")
        #expect(delimiter.elements("Key") == ["k"])
        let token = try await client.list(("continuation-token", ""))
        #expect(token.elements("Key") == ["k"])
    }

    // MARK: Who asks

    @Test(arguments: [
        ("", "403 AccessDenied"), ("AWS4 HAHAHA", "400 InvalidArgument"),
        ("AWS HAHAHA", "400 InvalidArgument"),
        ("AWS4-HMAC-SHA256 Credential=HAHAHA", "400 AuthorizationHeaderMalformed"),
        (
            "AWS4-HMAC-SHA256 Credential=NOBODY/20150930/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;user-agent,Signature=FWeDfwojDSdS2Ztmpfeubhd9isU=",
            "403 InvalidAccessKeyId"
        ),
    ])
    func anAuthorizationThatIsNoneIsAnsweredInTheWordsOfS3(_ header: String, _ failure: String)
        async throws
    {
        let client = try await S3Client(server)
        let answer = try await server.send(
            client.request(.put, "k", headers: [("Authorization", header)]))
        #expect(answer.xmlFailure == failure)
    }

    @Test(arguments: ["", "Bad Date", "19500707T215304Z", "20100707T215304Z", "99990707T215304Z"])
    func aTimeThatWasPutInLaterIsRefused(_ time: String) async throws {
        let client = try await S3Client(server)
        var request = client.request(.put, "k").signed(as: TestServer.root, "s3", at: server.now)
        request.headers.removeAll { $0.name == "X-Amz-Date" }
        request.headers.append(("X-Amz-Date", time))
        let answer = try await server.send(request)
        #expect(answer.status == 403)
        #expect(["AccessDenied", "SignatureDoesNotMatch"].contains(answer.element("Code")))
    }
}
