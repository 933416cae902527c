import Access
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

/// Pages of other origins that read and write a bucket through presigned addresses.
@Suite(.sharedServer) struct CrossOriginTests {
    private static let page = "https://labels.example.com"
    private static let rules = """
        <CORSConfiguration><CORSRule><AllowedOrigin>https://*.example.com</AllowedOrigin>\
        <AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>\
        <AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>\
        <MaxAgeSeconds>600</MaxAgeSeconds></CORSRule></CORSConfiguration>
        """

    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func client() async throws -> S3Client {
        let client = try await S3Client(server)
        let put = try await client.send(
            .put, query: [("cors", "")], body: Data(Self.rules.utf8))
        #expect(put.status == 200)
        return client
    }

    private func preflight(
        _ client: S3Client, origin: String = page, method: String = "GET", headers: String? = nil
    ) async throws -> Answer {
        var fields = [("Origin", origin), ("Access-Control-Request-Method", method)]
        if let headers { fields.append(("Access-Control-Request-Headers", headers)) }
        return try await server.send(client.request(.options, "k", headers: fields))
    }

    @Test func rulesComeBackAndGo() async throws {
        let client = try await client()
        let got = try await client.send(.get, query: [("cors", "")])
        #expect(got.elements("AllowedMethod") == ["GET", "PUT"])
        #expect(got.element("MaxAgeSeconds") == "600")
        #expect(try await client.list().elements("Key").isEmpty)
        #expect(try await client.send(.delete, query: [("cors", "")]).status == 204)
        let gone = try await client.send(.get, query: [("cors", "")])
        #expect(gone.xmlFailure == "404 NoSuchCORSConfiguration")
        #expect(try await preflight(client).xmlFailure == "403 AccessForbidden")
        _ = try await client.send(.put, query: [("cors", "")], body: Data(Self.rules.utf8))
        #expect(try await client.send(.delete).status == 204)
    }

    @Test func aPreflightIsAnsweredWithoutASignature() async throws {
        let client = try await client()
        let answer = try await preflight(client, method: "PUT", headers: "X-Amz-Date,x-amz-meta-a")
        #expect(answer.status == 200)
        #expect(answer.header("access-control-allow-origin") == Self.page)
        #expect(answer.header("access-control-allow-headers") == "x-amz-date, x-amz-meta-a")
        #expect(answer.header("access-control-max-age") == "600")
        for refused in [
            try await preflight(client, origin: "https://example.org"),
            try await preflight(client, method: "DELETE"),
            try await preflight(client, headers: "authorization"),
            try await preflight(try await S3Client(server)),
        ] {
            #expect(refused.xmlFailure == "403 AccessForbidden")
            #expect(refused.header("access-control-allow-origin") == nil)
        }
    }

    @Test func aPageReadsAPresignedAddressAndItsErrors() async throws {
        let client = try await client()
        try await client.put("k", "x")
        func fetch(_ key: String, origin: String, seconds: Int = 60) async throws -> Answer {
            let url = RequestSigner(
                credentials: TestServer.root, region: "us-east-1", service: "s3"
            ).presignedURL(
                method: "GET", endpoint: "http://localhost", path: "/\(client.bucket)/\(key)",
                query: [], expiresSeconds: seconds, now: server.now)
            var request = TestRequest(.get, url: url)
            request.headers.append(("Origin", origin))
            return try await server.send(request)
        }
        let read = try await fetch("k", origin: Self.page)
        #expect(read.status == 200 && read.text == "x")
        #expect(read.header("access-control-allow-origin") == Self.page)
        #expect(read.header("access-control-expose-headers") == "ETag")
        let missing = try await fetch("no", origin: Self.page)
        #expect(missing.status == 404)
        #expect(missing.header("access-control-allow-origin") == Self.page)
        let other = try await fetch("k", origin: "https://example.org")
        #expect(other.status == 200)
        #expect(other.header("access-control-allow-origin") == nil)
    }

    @Test(arguments: [
        "<CORSConfiguration></CORSConfiguration>",
        rules.replacing(
            "<AllowedMethod>GET</AllowedMethod>", with: "<AllowedMethod>PATCH</AllowedMethod>"),
        rules.replacing("https://*.example.com", with: "*://*.example.com"),
        rules.replacing("<ExposeHeader>ETag", with: "<ExposeHeader>E Tag"),
    ])
    func rulesThatCannotBeAreRefused(_ document: String) async throws {
        let client = try await S3Client(server)
        let answer = try await client.send(
            .put, query: [("cors", "")], body: Data(document.utf8))
        #expect(answer.status == 400)
        let gone = try await client.send(.get, query: [("cors", "")])
        #expect(gone.xmlFailure == "404 NoSuchCORSConfiguration")
    }
}
