import Access
import FoundationEssentials
import HTTPTypes
import Testing
import Wire

/// Input that breaks a rule, and the words that say which.
@Suite(.sharedServer) struct ConstraintTests {
    private let server: TestServer

    init() throws { server = try SharedServer.current() }

    @Test(arguments: [
        Data("{".utf8), Data("[]".utf8), Data([0xFF, 0xFE]), Data("\"x\"".utf8),
    ])
    func aBodyThatIsNotAJSONObjectIsRefused(_ body: Data) async throws {
        let answer = try await server.send(
            TestRequest(.post, "/2020-11-20/projects", body: body), to: "lookoutvision")
        #expect(answer.failure == "400 SerializationException")
    }

    @Test func aBodyThatIsTooLargeIsRefused() async throws {
        let text = String(repeating: "x", count: 16 << 20)
        let answer = try await server.call(.post, "/projects", #"{"ProjectName":"\#(text)"}"#)
        #expect(answer.failure == "413 RequestEntityTooLargeException")
        #expect(answer.header("connection") == "close")
    }

    @Test(arguments: [
        ("{}", ["ProjectName", "must not be null"]),
        (#"{"ProjectName":7}"#, ["ProjectName", "a string", "a number"]),
        (#"{"ProjectName":""}"#, ["ProjectName", "length greater than or equal to 1"]),
        (
            #"{"ProjectName":"\#(String(repeating: "x", count: 256))"}"#,
            ["ProjectName", "length less than or equal to 255"]
        ),
        (#"{"ProjectName":"-x"}"#, ["ProjectName", "regular expression pattern"]),
        (#"{"ProjectName":"a\nb"}"#, ["ProjectName", "regular expression pattern"]),
    ])
    func aBrokenConstraintIsNamed(_ body: String, _ words: [String]) async throws {
        let answer = try await server.call(.post, "/projects", body)
        #expect(answer.failure == "400 ValidationException")
        for word in words { #expect(answer.message.contains(word), "\(answer.message)") }
    }

    @Test(arguments: [
        ("", "exactly one"),
        (#""TargetDevice":"jetson_xavier","TargetPlatform":X86"#, "exactly one"),
        (#""TargetPlatform":NVIDIA"#, "gpu-code"),
        (
            #""TargetPlatform":NVIDIA,"CompilerOptions":"{'gpu-code':'sm_75','trt-ver':'7.1.3'}""#,
            "cuda-ver"
        ),
        (
            #""TargetPlatform":NVIDIA,"CompilerOptions":"#
                + #""{'gpu-code':'75','trt-ver':'7.1.3','cuda-ver':'10.2'}""#,
            "gpu-code"
        ),
        (#""TargetPlatform":X86,"CompilerOptions":"not json""#, "JSON"),
        (#""TargetPlatform":X86,"CompilerOptions":"{'speed':'high'}""#, "speed"),
        (#""TargetPlatform":X86,"CompilerOptions":"{'gpu-code':'sm_75'}""#, "gpu-code"),
        (#""TargetPlatform":X86,"Tags":[{"Key":"aws:x","Value":""}]"#, "aws:"),
    ])
    func aPackagingRequestThatContradictsItselfIsRefused(
        _ change: String, _ word: String
    ) async throws {
        let server = try TestServer()
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        let nvidia = #"{"Os":"LINUX","Arch":"X86_64","Accelerator":"NVIDIA"}"#
        let members = change.replacing("X86,", with: #"{"Os":"LINUX","Arch":"X86_64"},"#)
            .replacing(":X86", with: #":{"Os":"LINUX","Arch":"X86_64"}"#)
            .replacing("NVIDIA", with: nvidia).replacing("'", with: #"\""#)
        let body = #"""
            {"ModelVersion":"1","Configuration":{"Greengrass":{"ComponentName":"c",
            "S3OutputLocation":{"Bucket":"bucket"}\#(members.isEmpty ? "" : "," + members)}}}
            """#
        let answer = try await server.call(.post, "/projects/p/modelpackagingjobs", body)
        #expect(answer.failure == "400 ValidationException", "\(body)")
        #expect(answer.message.contains(word), "\(answer.message)")
    }

    @Test func errorsCarryTheMembersOfTheirShapes() async throws {
        let server = try TestServer()
        func check(_ answer: Answer, _ failure: String, _ type: String) {
            #expect(answer.failure == failure)
            #expect(answer.json["ResourceType"].string == type)
            #expect(answer.json["ResourceId"].string?.isEmpty == false)
            #expect(answer.header("x-amzn-requestid")?.isEmpty == false)
        }
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"one"}"#)
        let conflict = try await server.call(.post, "/projects", #"{"ProjectName":"one"}"#)
        check(conflict, "409 ConflictException", "PROJECT")
        #expect(conflict.json["ResourceId"].string == "one")
        let missing = "404 ResourceNotFoundException"
        for (path, type) in [
            ("/projects/two", "PROJECT"), ("/projects/one/datasets/train", "DATASET"),
            ("/projects/one/models/latest", "MODEL"),
            ("/projects/one/modelpackagingjobs/x", "MODEL_PACKAGE_JOB"),
        ] { check(try await server.call(.get, path), missing, type) }
        let model = try await server.call(
            .post, "/projects/one/models", #"{"OutputConfig":{"S3Location":{"Bucket":"bucket"}}}"#)
        #expect(model.status >= 400 && model.json["ResourceType"].string == "DATASET")
    }
}
