import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing
import Wire

/// Requests of programs that use more than Spotter has: other services, regions and devices.
@Suite struct ForeignRequestTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    private func send(_ service: String, type: String, body: String = "Action=X&Version=1")
        async throws -> Answer
    {
        try await server.send(
            TestRequest(.post, "/", headers: [("Content-Type", type)], body: body), to: service)
    }

    private static let form = "application/x-www-form-urlencoded; charset=utf-8"

    @Test(arguments: ["iam", "sns", "cloudformation", "route53"])
    func aQueryServiceThatIsNotHereGetsAnErrorInXML(_ service: String) async throws {
        let answer = try await send(service, type: Self.form)
        #expect(answer.xmlFailure == "404 UnknownOperationException")
        #expect(answer.header("content-type") == "text/xml")
        #expect(answer.text.contains("<ErrorResponse"))
        #expect(answer.element("Message")?.contains("\(service)") == true)
        #expect(answer.element("Message")?.contains("AWS_ENDPOINT_URL_LOOKOUTVISION") == true)
    }

    @Test func ec2GetsAnErrorInItsOwnForm() async throws {
        let answer = try await send("ec2", type: Self.form)
        #expect(answer.text.contains("<Response><Errors><Error>"), "\(answer.text)")
        #expect(answer.xmlFailure == "404 UnknownOperationException")
    }

    @Test(arguments: [
        ("dynamodb", "application/x-amz-json-1.0"), ("sagemaker", "application/x-amz-json-1.1"),
        ("lambda", "application/json"), ("execute-api", ""),
    ])
    func aJSONServiceThatIsNotHereGetsItsName(_ service: String, _ type: String) async throws {
        let answer = try await send(service, type: type, body: "{}")
        #expect(answer.failure == "404 UnknownOperationException")
        #expect(answer.json["__type"].string == "UnknownOperationException")
        #expect(answer.message.contains("'\(service)'"))
        #expect(answer.message.contains("AWS_ENDPOINT_URL_S3"))
    }

    @Test func aClientThatSpeaksCBORGetsCBOR() async throws {
        let answer = try await send("monitoring", type: "application/cbor")
        #expect(answer.header("content-type") == "application/cbor")
        #expect(answer.header("smithy-protocol") == "rpc-v2-cbor")
        #expect(answer.body.starts(with: [0xA2, 0x79, 0x00, 0x06] + "__type".utf8))
        #expect(answer.text.contains("'monitoring'"))
    }

    @Test func healthIsNotAskedWithASignatureOfAnotherService() async throws {
        let answer = try await server.send(TestRequest(.get, "/health"), to: "iam")
        #expect(answer.status == 404)
        #expect(try await server.send(TestRequest(.get, "/health")).status == 200)
    }

    private func send(_ method: HTTPRequest.Method, _ path: String, region: String) async throws
        -> Answer
    {
        try await server.send(
            TestRequest(method, "/2020-11-20" + path).signed(
                as: TestServer.root, "lookoutvision", region: region, at: server.now))
    }

    @Test func otherRegionsHaveNoProjectsAndNothingElse() async throws {
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        let elsewhere = try await send(.get, "/projects", region: "eu-west-1")
        #expect(elsewhere.status == 200)
        #expect(elsewhere.json == .object(["Projects": .array([])]))
        let here = try await send(.get, "/projects", region: "us-east-1")
        #expect(here.json["Projects"].items.count == 1)
        let other = try await send(.get, "/projects/p", region: "eu-west-1")
        #expect(other.failure == "403 InvalidSignatureException")
        #expect(other.message.contains("'us-east-1', not 'eu-west-1'"))
        var forged = TestRequest(.get, "/2020-11-20/projects").signed(
            as: TestServer.root, "lookoutvision", region: "eu-west-1", at: server.now)
        forged.headers = forged.headers.map {
            ($0.name, $0.value.replacing("/eu-west-1/", with: "/eu-west-2/"))
        }
        #expect(try await server.send(forged).failure == "403 InvalidSignatureException")
        let nobody = try await server.user()
        let denied = try await server.send(
            TestRequest(.get, "/2020-11-20/projects").signed(
                as: nobody, "lookoutvision", region: "eu-west-1", at: server.now))
        #expect(denied.failure == "403 AccessDeniedException")
    }

    @Test(arguments: [
        (HTTPRequest.Method.post, "/greengrass/v2/deployments"),
        (.get, "/greengrass/v2/deployments/1"), (.get, "/greengrass/v2/coreDevices"),
        (.get, "/greengrass/v2/coreDevices/line-7/installed"),
    ])
    func whoAsksForADeploymentLearnsHowToDeploy(_ method: HTTPRequest.Method, _ path: String)
        async throws
    {
        let answer = try await server.send(TestRequest(method, path), to: "greengrass")
        #expect(answer.failure == "404 UnknownOperationException")
        #expect(answer.message.contains("greengrass-cli deployment create"), "\(answer.text)")
    }

    @Test func aPathOfNoOperationIsNamed() async throws {
        let answer = try await server.call(.get, "/prjects")
        #expect(answer.failure == "404 UnknownOperationException")
        #expect(answer.message.contains("'/2020-11-20/prjects'"), "\(answer.text)")
    }
}
