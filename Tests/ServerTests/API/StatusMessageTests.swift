import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Wire

/// Programs read StatusMessage, and other members that are optional in the shapes, without asking
/// whether they are there.
@Suite struct StatusMessageTests {
    private let server: TestServer
    private let time = Date(timeIntervalSince1970: 1_800_000_000)

    init() async throws {
        server = try TestServer()
        let project = try await server.call(.post, "/projects", #"{"ProjectName":"p"}"#)
        #expect(project.status == 200)
    }

    private func members(_ value: JSONValue) -> Set<String> { Set((value.object ?? [:]).keys) }

    private func expectMessage(_ value: JSONValue, _ status: String) {
        #expect(value["Status"].string == status)
        #expect(value["StatusMessage"].string?.isEmpty == false, "\(status)")
    }

    @Test(arguments: DatasetStatus.allCases)
    func everyStateOfADatasetHasAMessage(status: DatasetStatus) async throws {
        let time = time
        try await server.service.context.metadata.write { transaction in
            try transaction.save(
                DatasetRecord(project: "p", type: .train, created: time, status: status))
        }
        let described = try await server.call(.get, "/projects/p/datasets/train")
        let dataset = described.json["DatasetDescription"]
        expectMessage(dataset, status.rawValue)
        #expect(
            members(dataset) == [
                "ProjectName", "DatasetType", "CreationTimestamp", "LastUpdatedTimestamp", "Status",
                "StatusMessage", "ImageStats",
            ])
        #expect(members(dataset["ImageStats"]) == ["Total", "Labeled", "Normal", "Anomaly"])
        let project = try await server.call(.get, "/projects/p")
        let metadata = project.json["ProjectDescription"]["Datasets"].items.first ?? .null
        expectMessage(metadata, status.rawValue)
        #expect(
            members(metadata) == ["DatasetType", "CreationTimestamp", "Status", "StatusMessage"])
    }

    @Test func theAnswersThatMakeThingsHaveOneToo() async throws {
        let dataset = try await server.call(
            .post, "/projects/p/datasets", #"{"DatasetType":"train"}"#)
        expectMessage(dataset.json["DatasetMetadata"], "CREATE_COMPLETE")
        let model = try await server.call(
            .post, "/projects/p/models",
            #"{"OutputConfig":{"S3Location":{"Bucket":"out-put"}}}"#)
        expectMessage(model.json["ModelMetadata"], "TRAINING")
        let other = try await server.call(
            .post, "/projects/p/datasets",
            #"""
            {"DatasetType":"test","DatasetSource":{"GroundTruthManifest":{"S3Object":
            {"Bucket":"data-set","Key":"k"}}}}
            """#)
        expectMessage(other.json["DatasetMetadata"], "CREATE_IN_PROGRESS")
    }

    private static let model: Set = [
        "ModelVersion", "ModelArn", "CreationTimestamp", "Status", "StatusMessage", "OutputConfig",
    ]
    private static let evaluation: Set = [
        "Performance", "EvaluationManifest", "EvaluationResult", "EvaluationEndTimestamp",
    ]
    private static let units: Set = ["MinInferenceUnits", "MaxInferenceUnits"]

    /// What DescribeModel has in each state.
    private static func members(of status: ModelStatus) -> Set<String> {
        switch status {
        case .training, .trainingFailed: model
        case .trained, .deleting, .systemUpdating: model.union(evaluation)
        case .startingHosting, .hosted, .hostingFailed, .stoppingHosting:
            model.union(evaluation).union(units)
        }
    }

    @Test(arguments: ModelStatus.allCases)
    func everyStateOfAModelHasAMessage(status: ModelStatus) async throws {
        let expected = Self.members(of: status)
        var record = ModelRecord(
            project: "p", version: 1, created: time, description: nil,
            output: S3Location(bucket: "out-put", prefix: nil), kmsKeyID: nil)
        record.status = status
        if expected.contains("Performance") {
            record.performance = ModelPerformance(f1Score: 1, recall: 1, precision: 1)
            record.evaluationManifest = OutputS3Object(bucket: "out-put", key: "m")
            record.evaluationResult = OutputS3Object(bucket: "out-put", key: "r")
            record.evaluationEnd = time
        }
        if expected.contains("MinInferenceUnits") {
            (record.minInferenceUnits, record.maxInferenceUnits) = (1, 2)
        }
        try await server.service.context.metadata.write { [record] in try $0.save(record) }
        let described = try await server.call(.get, "/projects/p/models/1")
        let model = described.json["ModelDescription"]
        expectMessage(model, status.rawValue)
        #expect(members(model) == expected)
        let list = try await server.call(.get, "/projects/p/models")
        let metadata = list.json["Models"].items.first ?? .null
        expectMessage(metadata, status.rawValue)
        #expect((metadata["Performance"] != .null) == expected.contains("Performance"))
    }

    @Test(arguments: PackagingStatus.allCases)
    func everyStateOfAPackagingJobHasAMessage(status: PackagingStatus) async throws {
        let configuration = try WireCoding.decode(
            ModelPackagingConfiguration.self,
            from: Data(
                #"{"Greengrass":{"ComponentName":"c","S3OutputLocation":{"Bucket":"b-b"}}}"#.utf8))
        var record = PackagingRecord(
            project: "p", jobName: "j", modelVersion: 1, configuration: configuration,
            description: nil, created: time)
        record.status = status
        if status == .succeeded {
            record.output = ModelPackagingOutputDetails(
                greengrass: GreengrassOutputDetails(
                    componentVersionArn: "arn", componentName: "c", componentVersion: "1.0.0"))
        }
        try await server.service.context.metadata.write { [record] in
            try $0.save(record, componentVersion: "1.0.0")
        }
        let described = try await server.call(.get, "/projects/p/modelpackagingjobs/j")
        let job = described.json["ModelPackagingDescription"]
        expectMessage(job, status.rawValue)
        let metadata: Set = [
            "JobName", "ProjectName", "ModelVersion", "ModelPackagingMethod", "Status",
            "StatusMessage", "CreationTimestamp", "LastUpdatedTimestamp",
        ]
        let details: Set = status == .succeeded ? ["ModelPackagingOutputDetails"] : []
        #expect(
            members(job)
                == metadata.union(["ModelPackagingConfiguration"]).union(details))
        let list = try await server.call(.get, "/projects/p/modelpackagingjobs")
        let listed = list.json["ModelPackagingJobs"].items.first ?? .null
        expectMessage(listed, status.rawValue)
        #expect(members(listed) == metadata)
    }

    @Test func emptyListsAreListsAndNotLeftOut() async throws {
        _ = try await server.call(.post, "/projects/p/datasets", #"{"DatasetType":"train"}"#)
        for (path, member) in [
            ("/projects/p/models", "Models"),
            ("/projects/p/modelpackagingjobs", "ModelPackagingJobs"),
            ("/projects/p/datasets/train/entries", "DatasetEntries"),
        ] {
            let answer = try await server.call(.get, path)
            #expect(answer.json[member] == .array([]), "\(path)")
        }
        _ = try await server.call(.delete, "/projects/p/datasets/train")
        let project = try await server.call(.get, "/projects/p")
        #expect(project.json["ProjectDescription"]["Datasets"] == .array([]))
    }
}
