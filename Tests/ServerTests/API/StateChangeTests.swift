import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Wire

/// What programs rely on that use one client token for ever, and prefixes of results.
@Suite struct StateChangeTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    /// Each call has the same client token.
    private func call(_ method: HTTPRequest.Method, _ path: String, _ body: String = "")
        async throws -> Answer
    {
        server.service.clock.advance(by: 1)
        let answer = try await server.call(
            method, path, body, headers: [("X-Amzn-Client-Token", "constant")])
        try await server.work()
        return answer
    }

    private func createModel(prefix: String = "x/") async throws -> Answer {
        if try await !server.service.objects.bucketExists("out") { try await server.bucket("out") }
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        _ = try await server.call(.post, "/projects/p/datasets", #"{"DatasetType":"train"}"#)
        let answer = try await server.call(
            .post, "/projects/p/models",
            #"{"OutputConfig":{"S3Location":{"Bucket":"out","Prefix":"\#(prefix)"}}}"#)
        try await server.work()
        return answer
    }

    private func status() async throws -> String? {
        try await server.call(.get, "/projects/p/models/1").json["ModelDescription"]["Status"]
            .string
    }

    // MARK: Client tokens

    @Test func aConstantTokenStopsAModelAgainThatWasStartedSince() async throws {
        _ = try await createModel()
        for _ in 0..<3 {
            let started = try await call(
                .post, "/projects/p/models/1/start", #"{"MinInferenceUnits":1}"#)
            #expect(started.json["Status"].string == "STARTING_HOSTING")
            #expect(try await status() == "HOSTED")
            // A repetition while it stands does nothing.
            let again = try await call(
                .post, "/projects/p/models/1/start", #"{"MinInferenceUnits":1}"#)
            #expect(again.status == 202 && again.body == started.body)
            let stopped = try await call(.post, "/projects/p/models/1/stop")
            #expect(stopped.json["Status"].string == "STOPPING_HOSTING")
            #expect(try await status() == "TRAINED")
            #expect(try await call(.post, "/projects/p/models/1/stop").body == stopped.body)
        }
    }

    @Test func aConstantTokenMakesAndDeletesAgainWhatIsGoneOrThereAgain() async throws {
        try await server.bucket("out")
        for _ in 0..<2 {
            let made = try await call(.post, "/projects", #"{"ProjectName":"p"}"#)
            #expect(made.status == 200)
            let dataset = try await call(
                .post, "/projects/p/datasets", #"{"DatasetType":"train"}"#)
            #expect(dataset.status == 202)
            let update = try await call(
                .patch, "/projects/p/datasets/train/entries",
                #"{"Changes":"eyJzb3VyY2UtcmVmIjoiczM6Ly9vdXQvayJ9"}"#)
            #expect(update.status == 202)
            let entries = try await call(.get, "/projects/p/datasets/train/entries")
            #expect(entries.json["DatasetEntries"].items.count == 1)
            let model = try await call(
                .post, "/projects/p/models",
                #"{"OutputConfig":{"S3Location":{"Bucket":"out"}}}"#)
            #expect(model.json["ModelMetadata"]["ModelVersion"].string == "1")
            #expect(try await call(.delete, "/projects/p/models/1").status == 202)
            #expect(try await status() == nil)
            #expect(try await call(.delete, "/projects/p/datasets/train").status == 202)
            #expect(try await call(.get, "/projects/p/datasets/train").status == 404)
            #expect(try await call(.delete, "/projects/p").status == 200)
            #expect(try await call(.get, "/projects/p").status == 404)
        }
    }

    // MARK: What a status says

    @Test func aModelThatWasStartedAndStoppedSaysAgainHowItsTrainingEnded() async throws {
        _ = try await createModel()
        func message() async throws -> String? {
            try await server.call(.get, "/projects/p/models/1")
                .json["ModelDescription"]["StatusMessage"].string
        }
        let trained = try await message()
        _ = try await call(.post, "/projects/p/models/1/start", #"{"MinInferenceUnits":1}"#)
        #expect(try await message() == "The model is running.")
        _ = try await call(.post, "/projects/p/models/1/stop")
        #expect(try await message() == trained)
    }

    @Test func aVersionOfAManifestIsNoReasonToRefuseIt() async throws {
        try await server.bucket(
            "out", ["m": Data(#"{"source-ref":"s3://out/1.png"}"#.utf8)])
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        let made = try await server.call(
            .post, "/projects/p/datasets",
            #"""
            {"DatasetType":"train","DatasetSource":{"GroundTruthManifest":{"S3Object":
            {"Bucket":"out","Key":"m","VersionId":"1"}}}}
            """#)
        let message = made.json["DatasetMetadata"]["StatusMessage"].string ?? ""
        #expect(message.contains("VersionId is not used"), "\(made.text)")
        try await server.work()
        #expect(try await server.call(.get, "/projects/p/datasets/train").status == 200)
    }

    // MARK: Prefixes

    @Test(arguments: ["a/./b", String(repeating: "a", count: 250)])
    func aPrefixThatCannotWorkIsRefusedBeforeTheTraining(_ prefix: String) async throws {
        try await server.bucket("out", ["7": Data([1])])
        let answer = try await createModel(prefix: prefix)
        #expect(answer.failure == "400 ValidationException", "\(prefix.prefix(20))")
        #expect(answer.message.contains("OutputConfig.S3Location"), "\(answer.text)")
        #expect(try await server.call(.get, "/projects/p/models").json["Models"].items.isEmpty)
        #expect(try await createModel(prefix: "x/").status == 202)
        let package = try await server.call(
            .post, "/projects/p/modelpackagingjobs",
            #"""
            {"ModelVersion":"1","Configuration":{"Greengrass":{"ComponentName":"c",
            "S3OutputLocation":{"Bucket":"out","Prefix":"\#(prefix)"},
            "TargetDevice":"jetson_xavier"}}}
            """#)
        // A packaging job reports by itself what it finds in the bucket.
        guard prefix == "a/./b" else { return }
        #expect(package.failure == "400 ValidationException", "\(package.text)")
        #expect(package.message.contains("S3OutputLocation"), "\(package.text)")
    }
}
