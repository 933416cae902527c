import Access
import FoundationEssentials
import HTTPTypes
import Storage
import TestSupport
import Testing

/// What Amazon's S3 grants or answers by default, and programs end without.
@Suite(.sharedServer) struct GrantedWishTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    @Test func encryptionAtRestIsGrantedAndNamedInEveryAnswer() async throws {
        let client = try await S3Client(server)
        let wish = [("x-amz-server-side-encryption", "AES256")]
        let upload = try await client.send(
            .post, "parts", query: [("uploads", "")], headers: wish)
        let part = try await client.part(
            "parts", upload.element("UploadId") ?? "", 1, Data("x".utf8))
        let whole = try await client.complete(
            "parts", upload.element("UploadId") ?? "", [(1, part.header("etag") ?? "")])
        let source = ("x-amz-copy-source", "\(client.bucket)/k")
        for answer in [
            try await client.put("k", "x", headers: wish), upload, part, whole,
            try await client.send(.put, "copy", headers: [source] + wish),
            try await client.send(.put, "k", headers: [source] + wish),
            try await client.get("k"), try await client.head("k"),
        ] {
            #expect(answer.status == 200)
            #expect(answer.header("x-amz-server-side-encryption") == "AES256")
        }
        let unknown = try await client.put(
            "k", "y", headers: [("x-amz-server-side-encryption", "AES128")])
        #expect(unknown.xmlFailure == "400 InvalidArgument")
        #expect(try await client.get("k").text == "x")
    }

    @Test(arguments: ["STANDARD_IA", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"])
    func aStorageClassIsRecordedAndReturned(_ name: String) async throws {
        let client = try await S3Client(server)
        let header = ("x-amz-storage-class", name)
        #expect(try await client.put("k", "x", headers: [header]).status == 200)
        #expect(try await client.head("k").header("x-amz-storage-class") == name)
        #expect(try await client.get("k").text == "x")
        #expect(try await client.list().elements("StorageClass") == [name])
        let upload = try await client.upload("m", headers: [header])
        let listed = try await client.get("m", query: [("uploadId", upload)])
        #expect(listed.element("StorageClass") == name)
        let part = try await client.part("m", upload, 1, Data("y".utf8))
        _ = try await client.complete("m", upload, [(1, part.header("etag") ?? "")])
        #expect(try await client.head("m").header("x-amz-storage-class") == name)
        // A copy has the class that it asks for, as Amazon has it.
        _ = try await client.send(
            .put, "k",
            headers: [
                ("x-amz-copy-source", "\(client.bucket)/k"), ("x-amz-storage-class", "STANDARD"),
            ])
        #expect(try await client.head("k").header("x-amz-storage-class") == nil)
        let unknown = try await client.put("k", "x", headers: [("x-amz-storage-class", "COLD")])
        #expect(unknown.xmlFailure == "400 InvalidStorageClass")
    }

    @Test(arguments: [
        ("versioning", "VersioningConfiguration"), ("encryption", "<SSEAlgorithm>AES256"),
        ("acl", "<Permission>FULL_CONTROL"), ("logging", "BucketLoggingStatus"),
        ("notification", "NotificationConfiguration"), ("accelerate", "AccelerateConfiguration"),
        ("requestPayment", "<Payer>BucketOwner"),
    ])
    func aConfigurationIsThatOfANewBucket(_ parameter: String, _ content: String) async throws {
        let client = try await S3Client(server)
        let answer = try await client.send(.get, query: [(parameter, "")])
        #expect(answer.status == 200 && answer.text.contains(content))
        #expect(!answer.text.contains("<Status>"))
        let missing = try await server.send(
            TestRequest(.get, "/no-such-bucket", query: [(parameter, "")]), to: "s3")
        #expect(missing.xmlFailure == "404 NoSuchBucket")
    }

    @Test(arguments: [
        ("tagging", "NoSuchTagSet"), ("cors", "NoSuchCORSConfiguration"),
        ("policy", "NoSuchBucketPolicy"), ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("ownershipControls", "OwnershipControlsNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
    ])
    func whatIsNotConfiguredHasItsOwnError(_ parameter: String, _ code: String) async throws {
        let client = try await S3Client(server)
        let answer = try await client.send(.get, query: [(parameter, "")])
        #expect(answer.xmlFailure == "404 \(code)")
        let nobody = try await server.user(
            #"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#)
        let refused = try await client.with(nobody).send(.get, query: [(parameter, "")])
        #expect(refused.xmlFailure == "403 AccessDenied")
    }

    @Test func theAccessListOfAnObjectNamesItsOwner() async throws {
        let client = try await S3Client(server)
        #expect(try await client.get("k", query: [("acl", "")]).xmlFailure == "404 NoSuchKey")
        try await client.put("k", "x")
        let answer = try await client.get("k", query: [("acl", "")])
        #expect(answer.status == 200 && answer.text.contains("xsi:type=\"CanonicalUser\""))
        #expect(answer.elements("ID") == ["000000000000", "000000000000"])
    }

    @Test func bucketsAreListedByPrefixAndPage() async throws {
        for name in ["page-a", "page-b", "page-c"] {
            try await server.service.buckets.makeBucket(name)
        }
        func list(_ query: (String, String)...) async throws -> Answer {
            try await server.send(
                TestRequest(.get, "/", query: [("prefix", "page-")] + query), to: "s3")
        }
        #expect(try await list().elements("Name") == ["page-a", "page-b", "page-c"])
        let first = try await list(("max-buckets", "2"))
        #expect(first.elements("Name") == ["page-a", "page-b"])
        let token = first.element("ContinuationToken") ?? ""
        let second = try await list(("max-buckets", "2"), ("continuation-token", token))
        #expect(second.elements("Name") == ["page-c"])
        #expect(second.element("ContinuationToken") == nil)
        #expect(try await list(("bucket-region", "eu-west-1")).elements("Name").isEmpty)
        for (name, value) in [
            ("max-buckets", "0"), ("max-buckets", "x"), ("continuation-token", "?"),
        ] {
            #expect(try await list((name, value)).xmlFailure == "400 InvalidArgument")
        }
    }

    // MARK: Without a signature of Version 4

    @Test(arguments: [HTTPRequest.Method.get, .put, .head, .delete, .post])
    func anUnsignedRequestIsDeniedInTheWordsOfS3(_ method: HTTPRequest.Method) async throws {
        let client = try await S3Client(server)
        let answer = try await server.send(client.request(method, "k"))
        #expect(answer.status == 403)
        if method != .head { #expect(answer.xmlFailure == "403 AccessDenied") }
    }

    @Test(arguments: [
        ("Tue, 07 Jul 2009 21:53:04 GMT", "403 RequestTimeTooSkewed"),
        ("Tue, 07 Jul 9999 21:53:04 GMT", "403 RequestTimeTooSkewed"),
        ("Tue, 07 Jul 1950 21:53:04 GMT", "403 AccessDenied"), ("Bad Date", "403 AccessDenied"),
        ("", "403 AccessDenied"),
    ])
    func theTimeOfASignatureOfVersion2IsLookedAtFirst(_ date: String, _ failure: String)
        async throws
    {
        let client = try await S3Client(server)
        let authorization = ("Authorization", "AWS SPTRROOTROOTROOTROOT:c2lnbmF0dXJl")
        let answer = try await server.send(
            client.request(.put, "k", headers: [authorization, ("x-amz-date", date)]))
        #expect(answer.xmlFailure == failure)
    }

    @Test func aSignatureOfVersion2IsNamed() async throws {
        let client = try await S3Client(server)
        let answer = try await server.send(
            client.request(
                .get, "k", headers: [("Authorization", "AWS SPTRROOTROOTROOTROOT:c2lnbmF0dXJl")]))
        #expect(answer.xmlFailure == "403 AccessDenied")
        #expect(answer.element("Message")?.contains("Version 2") ?? false)
    }

    // MARK: Said twice

    @Test(arguments: ["prefix", "Prefix", "list-type"])
    func aDoubledParameterIsRefused(_ name: String) async throws {
        let client = try await S3Client(server)
        let answer = try await client.list(("prefix", "mine/"), (name, ""))
        #expect(answer.xmlFailure == "400 InvalidRequest")
    }

    @Test(arguments: [
        "authorization", "x-amz-copy-source", "content-md5", "range", "x-amz-content-sha256",
        "host",
    ])
    func aDoubledHeaderIsRefused(_ name: String) async throws {
        let client = try await S3Client(server)
        var request = client.request(.get, "k", headers: [(name, "a")])
        request.headers.append((name, "b"))
        let signed = request.signed(as: TestServer.root, "s3", at: server.now)
        #expect(try await server.send(signed).status == 400)
    }

    @Test(arguments: ["gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked"])
    func anUnknownTransferCodingIsRefused(_ coding: String) async throws {
        let client = try await S3Client(server)
        let request = client.request(.get, "k", headers: [("Transfer-Encoding", coding)])
        let answer = try await server.send(
            request.signed(as: TestServer.root, "s3", at: server.now))
        #expect(answer.xmlFailure == "400 InvalidRequest")
    }

    @Test func aDoubledParameterOfTheAPIIsRefused() async throws {
        let answer = try await server.call(
            .get, "/projects", query: [("maxResults", "1"), ("maxResults", "100")])
        #expect(answer.failure == "400 ValidationException")
    }
}
