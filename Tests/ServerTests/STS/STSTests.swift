import Access
import Base
import Crypto
import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing
import Wire

/// STS: who has a key.
@Suite(.sharedServer) struct STSTests {
    private static let form = "Action=GetCallerIdentity&Version=2011-06-15"
    private static let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func post(_ form: String = form, as key: Credentials = TestServer.root) async throws
        -> Answer
    {
        try await server.send(
            TestRequest(
                .post, "/", headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: form), to: "sts", as: key)
    }

    @Test func aKeyTellsWhoseItIsWhateverThePolicySays() async throws {
        let root = try await post()
        #expect(root.element("Arn") == "arn:aws:iam::000000000000:root")
        #expect(root.element("Account") == "000000000000")
        #expect(root.element("UserId") == "000000000000")
        let key = try await server.user(
            "ann",
            policy: TestServer.policy([
                allow("*", effect: "Deny")
            ]))
        let ann = try await post(as: key)
        #expect(ann.element("Arn") == "arn:aws:iam::000000000000:user/ann")
        #expect(ann.element("UserId")?.isEmpty == false)
    }

    @Test func signatureFailuresAreToldApart() async throws {
        let id = TestServer.root.accessKeyID
        let wrong = try await post(as: Credentials(accessKeyID: id, secretAccessKey: "wrong"))
        #expect(wrong.xmlFailure == "403 SignatureDoesNotMatch")
        let unknown = try await post(
            as: Credentials(accessKeyID: "AKIAXXXXXXXXXXXXXXXX", secretAccessKey: "x"))
        #expect(unknown.xmlFailure == "403 InvalidClientTokenId")
        let elsewhere = try await server.send(
            TestRequest(.post, "/", body: Self.form)
                .signed(as: TestServer.root, "sts", region: "eu-west-1", at: server.now))
        #expect(elsewhere.xmlFailure == "403 SignatureDoesNotMatch")
        let late = try await server.send(
            TestRequest(.post, "/", body: Self.form)
                .signed(as: TestServer.root, "sts", at: server.now.addingTimeInterval(-301)))
        #expect(late.xmlFailure == "403 SignatureDoesNotMatch")
    }

    @Test(arguments: [
        (HTTPRequest.Method.post, "/", "Action=GetSessionToken", "400 InvalidAction"),
        (.post, "/", "Version=2011-06-15", "400 MissingAction"),
        (
            .post, "/", "Action=GetCallerIdentity&Version=2000-01-01", "400 InvalidAction"
        ),
        (.post, "/", "Action=%zz", "400 MalformedInput"),
        (.get, "/elsewhere?Action=GetCallerIdentity", "", "400 InvalidAction"),
        (.delete, "/?Action=GetCallerIdentity", "", "400 InvalidAction"),
        (
            .post, "/", "Action=GetCallerIdentity&x=" + String(repeating: "y", count: 70_000),
            "413 RequestEntityTooLarge"
        ),
    ])
    func whatIsNotACallIsRefused(
        _ method: HTTPRequest.Method, _ path: String, _ form: String, _ failure: String
    ) async throws {
        let sides = path.split(separator: "?").map(String.init)
        let query = sides.count > 1 ? [("Action", "GetCallerIdentity")] : []
        let answer = try await server.send(
            TestRequest(method, sides[0], query: query, body: form), to: "sts")
        #expect(answer.xmlFailure == failure, "\(answer.text)")
        #expect(answer.text.contains("<ErrorResponse xmlns=\"\(Self.namespace)\">"))
        #expect(answer.element("Type") == "Sender")
        #expect(answer.element("RequestId")?.isEmpty == false)
        if form.contains("GetSessionToken") {
            #expect(answer.element("Message")?.contains("GetSessionToken") == true)
        }
    }

    @Test func theQueryProtocolTakesFormsAndQueries() async throws {
        let get = TestRequest(
            .get, "/", query: [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")])
        for answer in [try await post(), try await server.send(get, to: "sts")] {
            #expect(answer.status == 200 && answer.header("content-type") == "text/xml")
            #expect(
                answer.text.contains("<GetCallerIdentityResponse xmlns=\"\(Self.namespace)\">"))
            #expect(answer.element("Account") == "000000000000")
            #expect(answer.element("RequestId") == answer.header("x-amzn-requestid"))
        }
    }

    @Test func aPresignedCallIsAnswered() async throws {
        // What an SDK presigns for STS covers the hash of an empty body.
        let server = server
        let time = SigningTime.format(server.now)
        let scope = SigningScope(
            day: String(time.prefix(8)), region: "us-east-1", service: "sts")
        let query = [
            ("Action", "GetCallerIdentity"), ("Version", "2011-06-15"),
            ("X-Amz-Algorithm", CanonicalRequest.algorithm),
            ("X-Amz-Credential", "\(TestServer.root.accessKeyID)/\(scope.text)"),
            ("X-Amz-Date", time), ("X-Amz-Expires", "60"), ("X-Amz-SignedHeaders", "host"),
        ]
        let canonical = CanonicalRequest.text(
            of: SignableRequest(
                method: "GET", path: "/", query: query.map { (name: $0.0, value: $0.1) },
                headers: [("host", "localhost")]),
            signedHeaders: ["host"], payloadHash: Hex.encode(SHA256.hash(data: Data())),
            isObjectPath: false)
        let signature = CanonicalRequest.hexSignature(
            of: CanonicalRequest.stringToSign(canonical, scope: scope, time: time),
            secret: TestServer.root.secretAccessKey, scope: scope)
        func get(_ query: [(String, String)]) async throws -> Answer {
            try await server.send(
                TestRequest(.get, "/", query: query + [("X-Amz-Signature", signature)]))
        }
        let right = try await get(query)
        #expect(right.element("Arn") == "arn:aws:iam::000000000000:root")
        let longer = query.map { ($0.0, $0.0 == "X-Amz-Expires" ? "61" : $0.1) }
        #expect(try await get(longer).xmlFailure == "403 SignatureDoesNotMatch")
    }

    @Test func auditLogAndMetricsTellOfIt() async throws {
        let server = try TestServer()
        _ = try await server.send(TestRequest(.post, "/", body: Self.form), to: "sts")
        let line = try #require(try server.auditLines().last)
        #expect(line["eventSource"].string == "sts.amazonaws.com")
        #expect(line["eventName"].string == "GetCallerIdentity")
        #expect(line["readOnly"] == .boolean(true))
        let name = #"spotter_requests_total{Operation="sts:GetCallerIdentity",Result="OK"}"#
        #expect(try await server.metrics()[name] == 1)
    }
}
