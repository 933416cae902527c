import Access
import FoundationEssentials
import HTTPTypes
import Service
import TestSupport
import Testing
import Wire

/// Every error of every operation that can be provoked from outside.
@Suite(.sharedServer) struct ErrorTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    /// Sends a request and checks what all errors have in common.
    private func refused(
        _ row: OperationRow, _ request: TestRequest, as key: Credentials = TestServer.root,
        _ code: ErrorCode, by other: TestServer? = nil
    ) async throws -> Answer {
        let answer = try await (other ?? server).send(request, to: "lookoutvision", as: key)
        #expect(answer.failure == "\(code.httpStatus) \(code.rawValue)", "\(answer.text)")
        #expect(answer.header("x-amzn-requestid")?.isEmpty == false)
        #expect(row.operation.definition.errors.contains(code))
        for member in Shapes.members(of: code.rawValue) where member.isRequired {
            #expect(answer.json[member.name].string?.isEmpty == false, "\(member.name)")
        }
        return answer
    }

    @Test func theTableHasAllOperations() {
        #expect(OperationRow.all.map(\.operation) == Wire.Operation.allCases)
    }

    @Test(
        arguments: OperationRow.all.filter {
            ![.createProject, .listProjects].contains($0.operation)
        })
    func whatDoesNotExist(_ row: OperationRow) async throws {
        let answer = try await refused(row, row.request(), .resourceNotFound)
        #expect(answer.json["ResourceType"].string == "PROJECT")
        #expect(answer.json["ResourceId"].string == "p")
    }

    @Test(arguments: OperationRow.all)
    func whatThePolicyDoesNotAllow(_ row: OperationRow) async throws {
        let key = try await server.user()
        let answer = try await refused(row, row.request(), as: key, .accessDenied)
        #expect(answer.message.contains("lookoutvision:\(row.operation.rawValue)"))
    }

    @Test(arguments: OperationRow.all)
    func whatBreaksARule(_ row: OperationRow) async throws {
        let request: TestRequest
        let words: [String]
        if row.path.contains("PROJECT") || row.body.contains("PROJECT") {
            request = row.request(project: "-not a name-")
            words = ["-not a name-", "ProjectName", "pattern"]
        } else if row.path.contains("ARN") {
            request = row.request(arn: String(repeating: "a", count: 1012))
            words = ["ResourceArn", "1011"]
        } else {
            request = row.request(query: [("maxResults", "101")])
            words = ["101", "MaxResults", "100"]
        }
        let answer = try await refused(row, request, .validation)
        for word in words { #expect(answer.message.contains(word), "\(answer.message)") }
    }

    @Test(arguments: OperationRow.all)
    func tooManyRequests(_ row: OperationRow) async throws {
        var limits = AdjustableLimits()
        limits.requestsPerSecond = 1
        let throttled = try TestServer(limits: limits)
        let first = try await throttled.send(row.request(), to: "lookoutvision")
        #expect(first.status != 429)
        let answer = try await refused(row, row.request(), .throttling, by: throttled)
        #expect(answer.header("retry-after") == "1")
        #expect(answer.json["QuotaCode"].string == "requests-per-second")
        throttled.service.clock.advance(by: 1)
        let again = try await throttled.send(row.request(), to: "lookoutvision")
        #expect(again.status != 429)
    }

    @Test(arguments: [
        (#"{"ProjectName": }"#, "byte 17"), (#"["p"]"#, "not a list"), ("7", "not a number"),
    ])
    func aBodyThatIsNoObjectSaysWhatItIs(_ body: String, _ word: String) async throws {
        let answer = try await server.call(.post, "/projects", body)
        #expect(answer.failure == "400 SerializationException")
        #expect(answer.message.contains("one JSON object") && answer.message.contains(word))
    }

    /// Each unit is a call that holds an image.
    @Test func moreInferenceUnitsThanAServerCanHoldAreRefused() async throws {
        let row = try #require(OperationRow.all.first { $0.operation == .startModel })
        for units in [
            #"{"MinInferenceUnits":1,"MaxInferenceUnits":33}"#, #"{"MinInferenceUnits":99}"#,
        ] {
            let request = TestRequest(
                .post, "/2020-11-20/projects/p/models/1/start", body: units)
            let answer = try await refused(row, request, .serviceQuotaExceeded)
            #expect(answer.message.contains("MaxInferenceUnits") && answer.message.contains("32"))
        }
    }

    @Test func oneKeyCannotUseUpTheRequestsOfAnother() async throws {
        var limits = AdjustableLimits()
        limits.requestsPerSecond = 1
        let throttled = try TestServer(limits: limits)
        let stranger = try await throttled.user()
        let refused = try await throttled.call(.get, "/projects", as: stranger)
        #expect(refused.status == 403)
        let again = try await throttled.call(.get, "/projects", as: stranger)
        #expect(again.status == 429)
        let owner = try await throttled.call(.get, "/projects")
        #expect(owner.status == 200)
    }

    @Test(arguments: OperationRow.all)
    func aFaultInside(_ row: OperationRow) async throws {
        let broken = try TestServer()
        broken.metadata.isFaulty = true
        let answer = try await refused(row, row.request(), .internalServer, by: broken)
        #expect(answer.header("retry-after") == "1")
        for secret in ["sqlite", "secret", "table"] {
            #expect(!answer.text.lowercased().contains(secret))
        }
        let id = try #require(answer.header("x-amzn-requestid"))
        #expect(broken.log.all.contains { $0.contains(id) && $0.contains("no such table") })
    }
}
