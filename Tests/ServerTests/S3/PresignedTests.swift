import Access
import Crypto
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

/// Presigned addresses, of Version 4 and of the one before.
@Suite(.sharedServer) struct PresignedTests {
    enum Version: CaseIterable {
        case version4
        case legacy
    }

    private static let key = "by url/ä+b.txt"

    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func url(
        _ version: Version, _ method: String, _ client: S3Client, _ key: String = key,
        query: [(String, String)] = [], seconds: Int = 60
    ) -> String {
        let path = "/\(client.bucket)/" + CanonicalRequest.encode(key, isPath: true)
        let query = query.map { (name: $0.0, value: $0.1) }
        guard version == .legacy else {
            return RequestSigner(credentials: TestServer.root, region: "us-east-1", service: "s3")
                .presignedURL(
                    method: method, endpoint: "http://localhost", path: path, query: query,
                    expiresSeconds: seconds, now: server.now)
        }
        // As AWS publishes it in "Signing and authenticating REST requests".
        let expires = "\(Int(server.now.timeIntervalSince1970) + seconds)"
        let amazon = query.filter { $0.name.hasPrefix("x-amz-") }.sorted { $0.name < $1.name }
            .map { "\($0.name):\($0.value)\n" }.joined()
        let resources = query.filter { $0.name.hasPrefix("response-") }
            .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let text =
            "\(method)\n\n\n\(expires)\n\(amazon)\(path)"
            + (resources.isEmpty ? "" : "?\(resources)")
        let code = HMAC<Insecure.SHA1>.authenticationCode(
            for: Data(text.utf8),
            using: SymmetricKey(data: Data(TestServer.root.secretAccessKey.utf8)))
        let all =
            query + [
                ("AWSAccessKeyId", TestServer.root.accessKeyID), ("Expires", expires),
                ("Signature", Data(code).base64EncodedString()),
            ]
        return "http://localhost\(path)?\(CanonicalRequest.query(all))"
    }

    private func fetch(_ url: String) async throws -> Answer {
        try await server.send(TestRequest(.get, url: url))
    }

    @Test(arguments: Version.allCases)
    func aPresignedAddressPutsAndGets(_ version: Version) async throws {
        let client = try await S3Client(server)
        let put = TestRequest(
            .put, url: url(version, "PUT", client), body: Data("from a browser".utf8))
        #expect(try await server.send(put).status == 200)
        let address = url(
            version, "GET", client, query: [("response-content-type", "text/x-other")])
        let got = try await fetch(address)
        #expect(got.status == 200 && got.text == "from a browser")
        #expect(got.header("content-type") == "text/x-other")
        for broken in [
            address.replacing("by%20url", with: "by%20url2"),
            address.replacing("x-other", with: "x-more"),
            address.replacing("Signature=", with: "Signature=00"),
        ] {
            let answer = try await fetch(broken)
            #expect([400, 403].contains(answer.status) && answer.element("Code") != nil)
        }
        // An address is good for its method only.
        #expect(try await server.send(TestRequest(.delete, url: address)).status == 403)
    }

    @Test(arguments: Version.allCases)
    func anAddressExpires(_ version: Version) async throws {
        let server = try TestServer()
        let client = try await S3Client(server)
        try await client.put(Self.key, "x")
        let cases = PresignedTests(server: server)
        let address = cases.url(version, "GET", client, seconds: 60)
        server.service.clock.advance(by: 59)
        #expect(try await cases.fetch(address).status == 200)
        server.service.clock.advance(by: 1)
        #expect(try await cases.fetch(address).xmlFailure == "403 AccessDenied")
    }

    private init(server: TestServer) { self.server = server }

    @Test func whatAPresignedAddressCarriesCounts() async throws {
        let version = Version.version4
        let client = try await S3Client(server)
        try await client.put("from", "copied")
        func put(_ name: String, _ value: String) async throws -> Answer {
            try await server.send(
                TestRequest(
                    .put, url: url(version, "PUT", client, "to", query: [(name, value)]),
                    body: Data("x".utf8)))
        }
        #expect(try await put("x-amz-meta-a", "b").status == 200)
        #expect(try await client.head("to").header("x-amz-meta-a") == "b")
        #expect(try await put("x-amz-copy-source", "\(client.bucket)/from").status == 200)
        #expect(try await client.get("to").text == "copied")
        let encrypted = try await put("x-amz-server-side-encryption", "AES256")
        #expect(encrypted.header("x-amz-server-side-encryption") == "AES256")
        let managed = try await put("x-amz-server-side-encryption", "aws:kms")
        #expect(managed.xmlFailure == "501 NotImplemented")
    }

    /// Little of its query is signed by Version 2, so an address could be made to copy any object.
    @Test(arguments: [
        "X-Amz-Copy-Source", "x-amz-copy-source", "X-AMZ-copy-source", "x-amz-meta-a",
        "X-Amz-Metadata-Directive",
    ])
    func aParameterOfAnAddressOfVersion2IsNoHeader(_ name: String) async throws {
        let client = try await S3Client(server)
        try await client.put("secret", "of the signer")
        let address = url(.legacy, "PUT", client, "mine")
        let source = CanonicalRequest.encode("\(client.bucket)/secret")
        for added in [
            "\(address)&\(name)=\(source)",
            url(
                .legacy, "PUT", client, "mine", query: [(name, "\(client.bucket)/secret")]),
        ] {
            let answer = try await server.send(TestRequest(.put, url: added, body: Data("x".utf8)))
            #expect([400, 403].contains(answer.status))
        }
        #expect(try await client.get("mine").status == 404)
    }

    /// In the string to sign of Version 2 they end a line or a parameter.
    @Test(arguments: [
        "text/plain\n/other", "a\rb", "a\u{0}b", "a\u{85}b", "attachment&versionId=null",
        "attachment&tagging",
    ])
    func aValueThatEndsInASignedStringOfVersion2IsRefused(_ value: String) async throws {
        let client = try await S3Client(server)
        try await client.put("k", "x")
        let address = url(
            .legacy, "GET", client, "k", query: [("response-content-disposition", value)])
        #expect(try await fetch(address).status == 400)
        let plain = url(
            .legacy, "GET", client, "k",
            query: [("response-content-disposition", "attachment; filename=\"a&b=c.png\"")])
        #expect(try await fetch(plain).status == 200)
    }

    @Test(arguments: [
        "X-Amz-Credential=nonsense&X-Amz-Signature=00", "X-Amz-Credential=a/b/c/s3/aws4_request",
        "Signature=eA==&AWSAccessKeyId=x", "AWSAccessKeyId=x",
    ])
    func anAddressThatIsNotSignedIsRefused(_ query: String) async throws {
        let client = try await S3Client(server)
        let answer = try await fetch("http://localhost/\(client.bucket)/k?\(query)")
        #expect([400, 403].contains(answer.status))
    }
}
