import Access
import FoundationEssentials
import HTTPTypes
import Service
import TestSupport
import Testing
import Wire

/// Who may do what in the embedded S3, and what those who may not learn.
@Suite(.sharedServer) struct S3AccessTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    @Test func errorsAreDocumentsOfS3() async throws {
        let client = try await S3Client(server)
        let answer = try await client.get("none")
        #expect(answer.xmlFailure == "404 NoSuchKey")
        #expect(answer.element("Message") == "The specified key does not exist.")
        #expect(answer.element("Key") == "none")
        #expect(answer.element("Resource") == "/\(client.bucket)/none")
        #expect(answer.element("RequestId") == answer.header("x-amz-request-id"))
        #expect(answer.header("content-type") == "application/xml")
        let head = try await client.head("none")
        #expect(head.status == 404 && head.body.isEmpty)
    }

    @Test func signatureFailuresAreToldApart() async throws {
        let client = try await S3Client(server)
        let id = TestServer.root.accessKeyID
        for (key, failure) in [
            (
                Credentials(accessKeyID: id, secretAccessKey: "wrong"),
                "403 SignatureDoesNotMatch"
            ),
            (
                Credentials(accessKeyID: "UNKNOWNKEY0123456789", secretAccessKey: "x"),
                "403 InvalidAccessKeyId"
            ),
        ] { #expect(try await client.with(key).get("none").xmlFailure == failure) }
        let request = client.request(.get, "none")
        let other = try await server.send(
            request.signed(as: TestServer.root, "s3", region: "eu-west-1", at: server.now))
        #expect(other.xmlFailure == "400 AuthorizationHeaderMalformed")
        #expect(other.element("Region") == "us-east-1")
        #expect(other.header("x-amz-bucket-region") == "us-east-1")
        for (seconds, failure) in [
            (899.0, "404 NoSuchKey"), (-899, "404 NoSuchKey"), (901, "403 RequestTimeTooSkewed"),
            (-901, "403 RequestTimeTooSkewed"),
        ] {
            let time = server.now.addingTimeInterval(seconds)
            let answer = try await server.send(
                request.signed(as: TestServer.root, "s3", at: time))
            #expect(answer.xmlFailure == failure)
        }
        var unhashed = request.signed(as: TestServer.root, "s3", at: server.now)
        unhashed.headers.removeAll { $0.name == "X-Amz-Content-SHA256" }
        #expect(try await server.send(unhashed).xmlFailure == "400 InvalidRequest")
    }

    @Test func policiesAreHeld() async throws {
        let client = try await S3Client(server)
        try await client.put("open/x", "1")
        try await client.put("closed/x", "2")
        let arn = "arn:aws:s3:::\(client.bucket)"
        let reader = client.with(
            try await server.user(
                allow("s3:GetObject", "s3:PutObject", resource: "\(arn)/open/*"),
                allow(
                    "s3:ListBucket", resource: arn,
                    condition: #"{"StringLike":{"s3:prefix":"open/*"}}"#)))
        #expect(try await reader.get("open/x").text == "1")
        #expect(try await reader.put("open/y", "3").status == 200)
        #expect(try await reader.list(("prefix", "open/")).elements("Key").count == 2)
        let denied = try await reader.get("closed/x")
        #expect(denied.xmlFailure == "403 AccessDenied")
        #expect(denied.element("Message")?.contains("s3:GetObject") == true)
        let buckets = try await server.send(TestRequest(.get, "/"), to: "s3", as: reader.key)
        let source = [("x-amz-copy-source", "\(client.bucket)/closed/x")]
        for answer in [
            try await reader.list(), buckets, try await reader.send(.delete, "open/x"),
            try await reader.put("open/z", "", headers: source),
        ] { #expect(answer.xmlFailure == "403 AccessDenied") }
        let many = try await reader.delete("<Delete><Object><Key>open/x</Key></Object></Delete>")
        #expect(many.status == 200 && many.elements("Code") == ["AccessDenied"])
        #expect(try await client.head("open/x").status == 200)
    }

    // MARK: Hosts

    private func send(_ request: TestRequest, host: String) async throws -> Answer {
        try await server.live { client, authority in
            let port = authority.split(separator: ":").last ?? ""
            var signed = request
            signed.headers.append(("Host", "\(host):\(port)"))
            return try await signed.send(by: client)
        }
    }

    private func sendSigned(_ request: TestRequest, host: String, service: String) async throws
        -> Answer
    {
        let now = server.now
        return try await server.live { client, authority in
            let host = "\(host):\(authority.split(separator: ":").last ?? "")"
            var signed = request.signed(as: TestServer.root, service, host: host, at: now)
            signed.headers.append(("Host", host))
            return try await signed.send(by: client)
        }
    }

    @Test(arguments: ["", ".s3"])
    func aHostNamesTheBucket(_ suffix: String) async throws {
        let client = try await S3Client(server)
        let host = "\(client.bucket)\(suffix).localhost"
        let put = try await sendSigned(
            TestRequest(.put, "/v/k", body: "virtual"), host: host, service: "s3")
        #expect(put.status == 200)
        let got = try await sendSigned(TestRequest(.get, "/v/k"), host: host, service: "s3")
        #expect(got.text == "virtual")
        let list = try await sendSigned(
            TestRequest(.get, "/", query: [("list-type", "2")]), host: host, service: "s3")
        #expect(list.elements("Key") == ["v/k"])
    }

    @Test func aHostBelowLocalhostIsNotABucketForOtherServices() async throws {
        let host = "spotter.localhost"
        let list = try await sendSigned(
            TestRequest(.get, "/2020-11-20/projects"), host: host, service: "lookoutvision")
        #expect(list.status == 200 && list.json["Projects"].items.isEmpty)
        #expect(try await send(TestRequest(.get, "/health"), host: host).status == 200)
        let key = try await send(TestRequest(.get, "/key"), host: host)
        #expect(key.xmlFailure == "403 AccessDenied")
    }

    // MARK: The audit log

    @Test func everyCallLeavesALine() async throws {
        let server = try TestServer()
        let client = try await S3Client(server)
        let put = try await client.put("k", "x")
        _ = try await client.get("none")
        _ = try await client.list()
        _ = try await client.send(.get, query: [("inventory", "")])
        let wrong = Credentials(
            accessKeyID: TestServer.root.accessKeyID, secretAccessKey: "wrong")
        _ = try await client.with(wrong).get("k")
        let lines = try server.auditLines() + server.auditLines(.unverified)
        // Where nothing is found there is no operation, and no line.
        #expect(
            lines.map { $0["eventName"].string } == [
                "PutObject", "GetObject", "ListObjectsV2", "GetObject",
            ])
        #expect(lines[3]["errorCode"].string == "SignatureDoesNotMatch")
        #expect(lines[3]["userIdentity"]["type"].string == "Unknown")
        #expect(lines[0]["eventSource"].string == "s3.amazonaws.com")
        #expect(lines[0]["requestID"].string == put.header("x-amz-request-id"))
        #expect(lines[0]["eventCategory"].string == "Data")
        #expect(lines[0]["readOnly"] == .boolean(false))
        #expect(lines[0]["requestParameters"]["key"].string == "k")
        #expect(lines[1]["errorCode"].string == "NoSuchKey")
        #expect(lines[2]["eventCategory"].string == "Management")
    }
}
