import Access
import Administration
import FoundationEssentials
import HTTPTypes
import Server
import TestSupport
import Testing
import Wire

/// Who may knock: signatures of the API, its paths and its methods.
@Suite(.sharedServer) struct SignatureTests {
    private static let projects = "/2020-11-20/projects"

    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    private func signed(
        _ request: TestRequest = TestRequest(.get, projects), as key: Credentials = TestServer.root,
        service: String = "lookoutvision", region: String = "us-east-1", minutes: Double = 0
    ) -> TestRequest {
        request.signed(
            as: key, service, region: region, at: server.now.addingTimeInterval(minutes * 60))
    }

    @Test func healthNeedsNoSignature() async throws {
        for path in ["/health", "/health/ready"] {
            let answer = try await server.send(TestRequest(.get, path))
            #expect(answer.status == 200 && answer.json["status"].string == "ok")
        }
    }

    @Test func aRightSignatureIsTaken() async throws {
        #expect(try await server.send(signed()).status == 200)
        for minutes in [-4.9, 4.9] {
            #expect(try await server.send(signed(minutes: minutes)).status == 200)
        }
    }

    @Test func aKeyThatNobodyHasIsUnknown() async throws {
        let key = Credentials(accessKeyID: "AKIAUNKNOWNUNKNOWN12", secretAccessKey: "x")
        let answer = try await server.send(signed(as: key))
        #expect(answer.failure == "403 UnrecognizedClientException")
    }

    @Test func aSignatureOfAnotherSecretOrTimeIsInvalid() async throws {
        let wrong = Credentials(
            accessKeyID: TestServer.root.accessKeyID, secretAccessKey: "wrong")
        for request in [
            signed(as: wrong), signed(minutes: -6), signed(minutes: 6),
        ] {
            let answer = try await server.send(request)
            #expect(answer.failure == "403 InvalidSignatureException")
        }
    }

    @Test func aRequestWithoutASignatureIsNotAnswered() async throws {
        let none = try await server.send(TestRequest(.get, Self.projects))
        #expect(none.failure == "403 MissingAuthenticationTokenException")
        let nonsense = try await server.send(
            TestRequest(
                .get, Self.projects, headers: [("Authorization", "AWS4-HMAC-SHA256 nonsense")]))
        #expect(nonsense.failure == "400 IncompleteSignatureException")
    }

    @Test func whatWasNotSignedIsNotDone() async throws {
        var changed = signed(TestRequest(.post, Self.projects, body: #"{"ProjectName":"good"}"#))
        changed.body = Data(#"{"ProjectName":"evil"}"#.utf8)
        let unsigned = signed(
            TestRequest(
                .get, Self.projects, headers: [("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")]))
        var query = signed()
        query.query = [("maxResults", "1")]
        var header = signed()
        header.headers.append(("X-Amz-Added", "afterwards"))
        for request in [changed, unsigned, query, header] {
            let answer = try await server.send(request)
            #expect(answer.failure == "403 InvalidSignatureException")
        }
        let projects = try await server.send(signed()).json["Projects"].items
        #expect(projects.isEmpty)
    }

    @Test(arguments: [
        (HTTPRequest.Method.get, "/2020-11-20/nothing", "404 UnknownOperationException"),
        (.put, "/2020-11-20/projects", "405 MethodNotAllowedException"),
        (.delete, "/2020-11-20/projects/x", "404 ResourceNotFoundException"),
        (.post, "/health", "405 MethodNotAllowedException"),
    ])
    func pathsAndMethodsThatDoNotExist(
        _ method: HTTPRequest.Method, _ path: String, _ failure: String
    ) async throws {
        let answer = try await server.send(signed(TestRequest(method, path)))
        #expect(answer.failure == failure)
    }

    @Test func aWrongMethodIsAnsweredWithTheRightOnes() async throws {
        let wrong = try await server.send(signed(TestRequest(.put, Self.projects)))
        #expect(wrong.header("allow") == "GET, POST")
        let options = try await server.send(TestRequest(.options, Self.projects))
        #expect(options.status == 204 && options.header("allow") == "GET, OPTIONS, POST")
        let head = try await server.send(TestRequest(.head, Self.projects))
        #expect(head.status == 405)
    }

    @Test func metricsAreShownToThoseWhoMaySeeThem() async throws {
        let hidden = try TestServer(metricsAccess: .nobody)
        let refused = try await hidden.send(TestRequest(.get, "/metrics"))
        #expect(refused.failure == "403 AccessDeniedException")
        let local = try TestServer(metricsAccess: .local)
        // Without a socket there is no address, so the request is not from this machine.
        #expect(try await local.send(TestRequest(.get, "/metrics")).status == 403)
        try await local.live { client, _ in
            let shown = try await TestRequest(.get, "/metrics").send(by: client)
            #expect(shown.status == 200)
            let passedOn = TestRequest(.get, "/metrics", headers: [("X-Forwarded-For", "1.2.3.4")])
            let hidden = try await passedOn.send(by: client)
            #expect(hidden.status == 403)
        }
    }
}
