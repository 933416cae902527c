import Access
import FoundationEssentials
import HTTPTypes
import Service
import Storage
import TestSupport
import Testing
import Wire

/// Every member of every answer, and when it is there. Programs of Lookout for Vision read members
/// without asking, above all StatusMessage; a member that is left out ends them.
@Suite struct OptionalMemberTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    // MARK: The table is whole

    @Test(arguments: Wire.Operation.allCases)
    func theTableHasEveryMemberOfTheAnswer(_ operation: Wire.Operation) {
        let paths = Self.paths(ofShape: operation.definition.output)
        #expect(Set(OptionalMembers.table(operation).keys) == paths)
    }

    private static func paths(ofShape name: String) -> Set<String> {
        switch Shapes.table.shapes[name] {
        case .structure(let members):
            Set(
                members.flatMap { member in
                    let below = paths(ofShape: member.shape)
                    return below.isEmpty
                        ? [member.name] : below.map { "\(member.name).\($0)" }
                })
        case .list(let element, _): paths(ofShape: element)
        default: []
        }
    }

    private static func paths(of value: JSONValue) -> Set<String> {
        switch value {
        case .object(let members):
            Set(
                members.flatMap { name, member in
                    let below = paths(of: member)
                    return below.isEmpty ? [name] : below.map { "\(name).\($0)" }
                })
        case .array(let items): Set(items.flatMap { paths(of: $0) })
        default: []
        }
    }

    // MARK: Each state

    private func expect(
        _ operation: Wire.Operation, _ path: String, in state: String, everythingGiven: Bool
    ) async throws {
        let answer = try await server.call(.get, path)
        #expect(answer.status == 200, "\(answer.text)")
        check(answer, operation, in: state, everythingGiven: everythingGiven)
    }

    private func check(
        _ answer: Answer, _ operation: Wire.Operation, in state: String = "",
        everythingGiven: Bool = false
    ) {
        let wanted = OptionalMembers.table(operation).filter {
            $0.value.isThere(in: state, everythingGiven: everythingGiven)
        }
        #expect(
            Self.paths(of: answer.json) == Set(wanted.keys),
            "\(operation.rawValue) \(state): \(answer.text)")
        // What is there says something.
        #expect(!answer.text.contains(#""StatusMessage":"""#))
    }

    @Test(arguments: DatasetStatus.allCases, [nil, "", "Line 2 is wrong."])
    func datasetsSayWhatTheyAreAtInEveryState(_ status: DatasetStatus, _ written: String?)
        async throws
    {
        let now = server.now
        try await server.metadata.write {
            try $0.save(ProjectRecord(name: "p", created: now))
            var dataset = DatasetRecord(project: "p", type: .train, created: now, status: status)
            dataset.say(written)
            try $0.save(dataset)
        }
        try await expect(
            .describeDataset, "/projects/p/datasets/train", in: status.rawValue,
            everythingGiven: false)
        try await expect(
            .describeProject, "/projects/p", in: status.rawValue, everythingGiven: false)
    }

    @Test(arguments: ModelStatus.allCases, [false, true])
    func modelsSayWhatTheyAreAtInEveryState(_ status: ModelStatus, _ everythingGiven: Bool)
        async throws
    {
        let now = server.now
        try await server.metadata.write { transaction in
            try transaction.save(ProjectRecord(name: "p", created: now))
            var model = ModelRecord(
                project: "p", version: 1, created: now,
                description: everythingGiven ? "d" : nil,
                output: S3Location(bucket: "out", prefix: everythingGiven ? "x/" : nil),
                kmsKeyID: everythingGiven ? "key" : nil)
            model.status = status
            if OptionalMembers.trained.contains(status.rawValue) {
                model.performance = ModelPerformance(f1Score: 1, recall: 1, precision: 1)
                model.evaluationManifest = OutputS3Object(bucket: "out", key: "m")
                model.evaluationResult = OutputS3Object(bucket: "out", key: "r")
                model.evaluationEnd = now
            }
            if OptionalMembers.started.contains(status.rawValue) {
                model.minInferenceUnits = 1
                model.maxInferenceUnits = everythingGiven ? 2 : nil
            }
            try transaction.save(model)
        }
        try await expect(
            .describeModel, "/projects/p/models/1", in: status.rawValue,
            everythingGiven: everythingGiven)
        try await expect(
            .listModels, "/projects/p/models", in: status.rawValue,
            everythingGiven: everythingGiven)
    }

    @Test(arguments: PackagingStatus.allCases, [false, true])
    func packagingJobsSayWhatTheyAreAtInEveryState(
        _ status: PackagingStatus, _ everythingGiven: Bool
    ) async throws {
        let now = server.now
        let configuration = try WireCoding.decode(
            ModelPackagingConfiguration.self,
            from: JSONValue(
                parsing: Data(
                    (everythingGiven
                        ? #"""
                        {"Greengrass":{"ComponentName":"c","TargetDevice":"jetson_xavier",
                        "CompilerOptions":"{}","ComponentVersion":"1.0.0",
                        "ComponentDescription":"d","Tags":[{"Key":"k","Value":"v"}],
                        "S3OutputLocation":{"Bucket":"out","Prefix":"x/"}}}
                        """#
                        : #"""
                        {"Greengrass":{"ComponentName":"c","TargetDevice":"jetson_xavier",
                        "S3OutputLocation":{"Bucket":"out"}}}
                        """#).utf8)))
        try await server.metadata.write { transaction in
            try transaction.save(ProjectRecord(name: "p", created: now))
            var job = PackagingRecord(
                project: "p", jobName: "j", modelVersion: 1, configuration: configuration,
                description: everythingGiven ? "d" : nil, created: now)
            job.status = status
            if status == .succeeded {
                job.output = ModelPackagingOutputDetails(
                    greengrass: GreengrassOutputDetails(
                        componentVersionArn: "arn", componentName: "c", componentVersion: "1.0.0"))
            }
            try transaction.save(job, componentVersion: "1.0.0")
        }
        try await expect(
            .describeModelPackagingJob, "/projects/p/modelpackagingjobs/j", in: status.rawValue,
            everythingGiven: everythingGiven)
        try await expect(
            .listModelPackagingJobs, "/projects/p/modelpackagingjobs", in: status.rawValue,
            everythingGiven: everythingGiven)
    }

    // MARK: Calls

    /// Each operation that changes something, in an order in which all are possible.
    @Test func everyCallAnswersWhatTheTableSays() async throws {
        try await server.bucket("out")
        let arn = CanonicalRequest.encode(OperationRow.arn)
        let steps: [(Wire.Operation, HTTPRequest.Method, String, String, String)] = [
            (.createProject, .post, "/projects", #"{"ProjectName":"p"}"#, ""),
            (.listProjects, .get, "/projects", "", ""),
            (.createDataset, .post, "/projects/p/datasets", #"{"DatasetType":"train"}"#, ""),
            (
                .updateDatasetEntries, .patch, "/projects/p/datasets/train/entries",
                #"{"Changes":"eyJzb3VyY2UtcmVmIjoiczM6Ly9vdXQvayJ9"}"#, ""
            ),
            (.listDatasetEntries, .get, "/projects/p/datasets/train/entries", "", ""),
            (
                .createModel, .post, "/projects/p/models",
                #"{"OutputConfig":{"S3Location":{"Bucket":"out"}}}"#, "TRAINING"
            ),
            (.tagResource, .post, "/tags/\(arn)", #"{"Tags":[{"Key":"k","Value":"v"}]}"#, ""),
            (.listTagsForResource, .get, "/tags/\(arn)", "", ""),
            (
                .startModel, .post, "/projects/p/models/1/start", #"{"MinInferenceUnits":1}"#, ""
            ),
            (.stopModel, .post, "/projects/p/models/1/stop", "", ""),
            (
                .startModelPackagingJob, .post, "/projects/p/modelpackagingjobs",
                #"""
                {"ModelVersion":"1","Configuration":{"Greengrass":{"ComponentName":"c",
                "S3OutputLocation":{"Bucket":"out"},"TargetDevice":"jetson_xavier"}}}
                """#, ""
            ),
            (.deleteModel, .delete, "/projects/p/models/1", "", ""),
            (.deleteDataset, .delete, "/projects/p/datasets/train", "", ""),
            (.deleteProject, .delete, "/projects/p", "", ""),
        ]
        for (operation, method, path, body, state) in steps {
            let answer = try await server.call(method, path, body)
            #expect(answer.status == operation.definition.status, "\(operation): \(answer.text)")
            check(answer, operation, in: state)
            try await server.work()
        }
    }
}
