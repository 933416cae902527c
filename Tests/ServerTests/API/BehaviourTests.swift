import Access
import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Vision
import Wire

/// What clients see of operations and their jobs, over the wire.
@Suite struct BehaviourTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    // MARK: Lists

    private func names(_ answer: Answer) -> [String] {
        answer.json["Projects"].items.compactMap { $0["ProjectName"].string }
    }

    @Test func listsArePagedWithOpaqueTokens() async throws {
        let all = (0...100).map { "p" + String($0 + 1000).dropFirst() }
        for name in all.reversed() {
            _ = try await server.call(.post, "/projects", #"{"ProjectName":"\#(name)"}"#)
        }
        let first = try await server.call(.get, "/projects")
        #expect(names(first) == Array(all.prefix(100)))
        let token = try #require(first.json["NextToken"].string)
        let rest = try await server.call(.get, "/projects", query: [("nextToken", token)])
        #expect(names(rest) == Array(all.suffix(1)) && rest.json["NextToken"] == .null)
        var (found, next): ([String], String?) = ([], nil)
        repeat {
            let query = [("maxResults", "7")] + (next.map { [("nextToken", $0)] } ?? [])
            let page = try await server.call(.get, "/projects", query: query)
            found += names(page)
            next = page.json["NextToken"].string
        } while next != nil
        #expect(found == all)
        for (path, token) in [("/projects", "Zm9yZ2Vk"), ("/projects/p000/models", token)] {
            let answer = try await server.call(.get, path, query: [("nextToken", token)])
            #expect(answer.failure == "400 ValidationException")
        }
    }

    // MARK: Client tokens

    private func create(
        _ name: String, token: String, as key: Credentials = TestServer.root,
        by other: TestServer? = nil
    ) async throws -> Answer {
        try await (other ?? server).call(
            .post, "/projects", #"{"ProjectName":"\#(name)"}"#,
            headers: [("X-Amzn-Client-Token", token)], as: key)
    }

    @Test func aClientTokenDoesACallOnceAlsoAfterARestart() async throws {
        let first = try await create("once", token: "token-1")
        server.service.clock.advance(by: 60)
        let again = try await create("once", token: "token-1")
        #expect(first.status == 200 && first.body == again.body)
        let other = try await create("other", token: "token-1")
        #expect(other.failure == "409 ConflictException")
        let next = try TestServer(directory: server.service.directory)
        let third = try await create("once", token: "token-1", by: next)
        #expect(third.body == first.body)
    }

    @Test func tokensOfTwoUsersAreTwo() async throws {
        let (one, two) = (try await server.user(allow("*")), try await server.user(allow("*")))
        #expect(try await create("a", token: "t", as: one).status == 200)
        #expect(try await create("b", token: "t", as: two).status == 200)
        #expect(try await create("b", token: "t", as: one).failure == "409 ConflictException")
    }

    // MARK: Datasets

    private func createDataset() async throws {
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        let made = try await server.call(
            .post, "/projects/p/datasets",
            #"""
            {"DatasetType":"train","DatasetSource":{"GroundTruthManifest":{"S3Object":
            {"Bucket":"data-set","Key":"x.manifest"}}}}
            """#)
        #expect(made.status == 202)
        try await server.work()
    }

    private func dataset() async throws -> JSONValue {
        try await server.call(.get, "/projects/p/datasets/train").json["DatasetDescription"]
    }

    @Test(arguments: [
        (#"{"source-ref": "s3://data-set/a.png"}"# + "\nnonsense\n", ["Line 2", "JSON"]),
        (#"{"label": 1}"# + "\n", ["Line 1", "source-ref"]),
        (#"{"source-ref": "a.png"}"# + "\n", ["Line 1", "s3://BUCKET/KEY"]),
        ("\n\n", ["no lines"]),
    ])
    func aBadManifestFailsWithItsLine(_ manifest: String, _ words: [String]) async throws {
        try await server.bucket("data-set", ["x.manifest": Data(manifest.utf8)])
        try await createDataset()
        try await expectFailure(words)
    }

    @Test func aManifestThatIsNotTextFails() async throws {
        try await server.bucket("data-set", ["x.manifest": Data([0xFF, 0xFE, 0x0A])])
        try await createDataset()
        try await expectFailure(["UTF-8"])
    }

    @Test func aManifestThatIsNotThereFails() async throws {
        try await server.bucket("data-set")
        try await createDataset()
        try await expectFailure(["s3://data-set/x.manifest", "does not exist"])
    }

    private func expectFailure(_ words: [String]) async throws {
        let dataset = try await dataset()
        #expect(dataset["Status"].string == "CREATE_FAILED")
        let message = dataset["StatusMessage"].string ?? ""
        for word in words { #expect(message.contains(word), "\(message)") }
    }

    // MARK: Models

    private func createModel(bucket: String) async throws {
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        _ = try await server.call(.post, "/projects/p/datasets", #"{"DatasetType":"train"}"#)
        let made = try await server.call(
            .post, "/projects/p/models",
            #"{"OutputConfig":{"S3Location":{"Bucket":"\#(bucket)"}}}"#)
        #expect(made.status == 202)
        try await server.work()
    }

    private func model() async throws -> JSONValue {
        try await server.call(.get, "/projects/p/models/1").json["ModelDescription"]
    }

    private func detect(_ body: Data, type: String = "image/png") async throws -> Answer {
        try await server.send(
            TestRequest(
                .post, "/2020-11-20/projects/p/models/1/detect",
                headers: [("Content-Type", type)], body: body), to: "lookoutvision")
    }

    @Test func aModelThatIsNotHostedDoesNotDetect() async throws {
        try await createModel(bucket: "missing-bucket")
        let model = try await model()
        #expect(model["Status"].string == "TRAINING_FAILED")
        #expect(model["StatusMessage"].string?.contains("missing-bucket") == true)
        let start = #"{"MinInferenceUnits":1}"#
        for answer in [
            try await detect(Data("x".utf8)),
            try await server.call(.post, "/projects/p/models/1/start", start),
            try await server.call(.post, "/projects/p/models/1/stop"),
        ] { #expect(answer.failure == "409 ConflictException") }
    }

    private func picture(_ value: UInt8, side: Int = SmallModel.side) -> RGBImage {
        RGBImage(
            width: side, height: side,
            pixels: [UInt8](repeating: value, count: side * side * 3))
    }

    private func host() async throws {
        try await server.bucket("out")
        try await createModel(bucket: "out")
        #expect(try await model()["Status"].string == "TRAINED")
        _ = try await server.call(
            .post, "/projects/p/models/1/start", #"{"MinInferenceUnits":1}"#)
        try await server.work()
        #expect(try await model()["Status"].string == "HOSTED")
    }

    @Test func aTokenBelongsToOneChangeOfTheHosting() async throws {
        try await host()
        func call(_ verb: String, _ body: String = "{}") async throws {
            let answer = try await server.call(
                .post, "/projects/p/models/1/\(verb)", body,
                headers: [("X-Amzn-Client-Token", "constant")])
            #expect(answer.status == 202)
        }
        for _ in 0..<2 {
            // The second call of each pair is a repetition, and gets the first one's answer.
            for _ in 0..<2 { try await call("stop") }
            try await server.work()
            #expect(try await model()["Status"].string == "TRAINED")
            for _ in 0..<2 { try await call("start", #"{"MinInferenceUnits":1}"#) }
            try await server.work()
            #expect(try await model()["Status"].string == "HOSTED")
        }
    }

    @Test func detectionRefusesWhatIsNotAnImageOfTheModel() async throws {
        try await host()
        let (png, jpeg) = (
            try PNG.encode(picture(7)), try JPEG.encode(picture(7), quality: 90)
        )
        for (body, word) in [
            (Data(), "null"), (Data("GIF89a".utf8), "neither PNG nor JPEG"),
            (png.prefix(png.count / 2), "damaged"), (jpeg.dropLast(jpeg.count / 4), "truncated"),
            (try PNG.encode(picture(7, side: 320)), "320×320"),
            (try PNG.encode(picture(7, side: 40)), "40×40"),
        ] {
            let answer = try await detect(Data(body))
            #expect(answer.failure == "400 ValidationException")
            #expect(answer.message.contains(word), "\(answer.message)")
        }
        // The header may say anything; the bytes decide.
        let answer = try await detect(jpeg, type: "application/octet-stream")
        #expect(answer.status == 200)
        #expect(answer.json["DetectAnomalyResult"]["IsAnomalous"] == .boolean(false))
    }

    @Test func metricsCountWhatLookoutForVisionCounted() async throws {
        try await host()
        for value: UInt8 in [7, 200, 250] {
            let answer = try await detect(try PNG.encode(picture(value)))
            #expect(
                answer.json["DetectAnomalyResult"]["IsAnomalous"] == .boolean(value > 100))
        }
        _ = try await detect(Data("no image".utf8))
        let values = try await server.metrics()
        let labels = #"{ProjectName="p",ModelVersion="1"}"#
        for (name, value) in [
            ("processed_image_count_total", 3.0), ("detected_anomaly_count_total", 2),
            ("invalid_image_count_total", 1), ("successful_request_count_total", 3),
            ("error_count_total", 1), ("throttled_count_total", 0), ("time_seconds_count", 3),
            ("max_inference_units", 1), ("in_service_inference_units", 1),
        ] { #expect(values["spotter_\(name)\(labels)"] == value, "\(name)") }
        let requests = #"spotter_requests_total{Operation="DetectAnomalies",Result="#
        #expect(values[requests + #""OK"}"#] == 3)
        #expect(values[requests + #""ValidationException"}"#] == 1)
        let last = #"{ProjectName="p",ModelVersion="1",le="+Inf"}"#
        #expect(values["spotter_time_seconds_bucket\(last)"] == 3)
        let text = try await server.send(TestRequest(.get, "/metrics")).text
        let buckets = text.split(separator: "\n")
            .filter { $0.hasPrefix("spotter_time_seconds_bucket") }
            .compactMap { Int($0.split(separator: " ").last ?? "") }
        #expect(buckets.count > 1 && buckets == buckets.sorted() && buckets.last == 3)
    }

    @Test func jobsShowInTheMetrics() async throws {
        _ = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        _ = try await server.call(
            .post, "/projects/p/datasets",
            #"""
            {"DatasetType":"train","DatasetSource":{"GroundTruthManifest":{"S3Object":
            {"Bucket":"data-set","Key":"m"}}}}
            """#)
        let waiting = #"spotter_jobs{Kind="dataset",State="queued"}"#
        #expect(try await server.metrics()[waiting] == 1)
        let now = server.now
        try await server.metadata.write { transaction in
            guard var job = try transaction.claimableJob(kinds: ["dataset"], now: now) else {
                return
            }
            _ = job.claim(by: UUID(), now: now)
            try transaction.save(job)
        }
        let running = #"spotter_jobs{Kind="dataset",State="running"}"#
        #expect(try await server.metrics()[running] == 1)
        // Its worker never comes back.
        server.service.clock.advance(by: Limits.leaseSeconds + 1)
        try await server.work()
        #expect(try await server.metrics()[running] ?? 0 == 0)
        #expect(try await server.metrics()[waiting] ?? 0 == 0)
    }

    // MARK: Limits

    @Test func limitsOfTheOwnerHold() async throws {
        var limits = AdjustableLimits()
        limits.projectsMax = 2
        limits.modelsPerProjectMax = 1
        limits.trainingImagesMax = 3
        limits.imageBytesMax = 1000
        let server = try TestServer(limits: limits)
        for name in ["a", "b"] {
            _ = try await server.call(.post, "/projects", #"{"ProjectName":"\#(name)"}"#)
        }
        let large = try await server.send(
            TestRequest(
                .post, "/2020-11-20/projects/a/models/1/detect",
                headers: [("Content-Type", "image/png")], body: Data(repeating: 1, count: 1001)),
            to: "lookoutvision")
        #expect(large.status == 413 && large.message.contains("1000 bytes"))
        let third = try await server.call(.post, "/projects", #"{"ProjectName":"c"}"#)
        #expect(third.failure == "402 ServiceQuotaExceededException")
        #expect(third.json["QuotaCode"].string == "projects")
        _ = try await server.call(.post, "/projects/a/datasets", #"{"DatasetType":"train"}"#)
        let output = #"{"OutputConfig":{"S3Location":{"Bucket":"nowhere"}}}"#
        _ = try await server.call(.post, "/projects/a/models", output)
        let second = try await server.call(.post, "/projects/a/models", output)
        #expect(second.json["QuotaCode"].string == "models")
        let lines = (0..<4).map { #"{"source-ref":"s3://b/\#($0)"}"# }.joined(separator: "\n")
        let changes = Data(lines.utf8).base64EncodedString()
        let update = try await server.call(
            .patch, "/projects/a/datasets/train/entries", #"{"Changes":"\#(changes)"}"#)
        #expect(update.status == 202)
        try await server.work()
        let dataset = try await server.call(.get, "/projects/a/datasets/train").json[
            "DatasetDescription"]
        #expect(dataset["Status"].string == "UPDATE_FAILED_ROLLBACK_COMPLETE")
        #expect(dataset["StatusMessage"].string?.contains("3") == true)
    }
}
