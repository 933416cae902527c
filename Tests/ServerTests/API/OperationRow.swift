import Access
import FoundationEssentials
import HTTPTypes
import Testing
import Wire

/// A valid request of each operation, written out: what the truth table of `Operation` says is not
/// used here, so that both are checked against each other.
struct OperationRow: Sendable, CustomTestStringConvertible {
    let operation: Wire.Operation
    let method: HTTPRequest.Method
    /// With PROJECT and ARN in place of the names.
    let path: String
    var body = ""
    var headers: [(String, String)] = []

    init(
        _ operation: Wire.Operation, _ method: HTTPRequest.Method, _ path: String,
        _ body: String = "", headers: [(String, String)] = []
    ) {
        self.operation = operation
        self.method = method
        self.path = path
        self.body = body
        self.headers = headers
    }

    var testDescription: String { operation.rawValue }

    /// - Parameter project: its name; in a URL it is percent-encoded.
    func request(
        project: String = "p", arn: String = Self.arn, query: [(String, String)] = []
    ) -> TestRequest {
        func encoded(_ text: String) -> String { CanonicalRequest.encode(text, isPath: false) }
        return TestRequest(
            method,
            "/2020-11-20"
                + path.replacing("PROJECT", with: encoded(project))
                .replacing("ARN", with: encoded(arn)),
            query: self.query + query, headers: headers,
            body: body.replacing("PROJECT", with: project))
    }

    private var query: [(String, String)] {
        operation == .untagResource ? [("tagKeys", "k")] : []
    }

    static let arn = "arn:aws:lookoutvision:us-east-1:000000000000:model/p/1"

    private static let package = #"""
        {"ModelVersion":"1","Configuration":{"Greengrass":{"ComponentName":"c",
        "S3OutputLocation":{"Bucket":"nowhere"},"TargetDevice":"jetson_xavier"}}}
        """#

    static let all = [
        OperationRow(
            .createDataset, .post, "/projects/PROJECT/datasets", #"{"DatasetType":"train"}"#),
        OperationRow(
            .createModel, .post, "/projects/PROJECT/models",
            #"{"OutputConfig":{"S3Location":{"Bucket":"nowhere"}}}"#),
        OperationRow(.createProject, .post, "/projects", #"{"ProjectName":"PROJECT"}"#),
        OperationRow(.deleteDataset, .delete, "/projects/PROJECT/datasets/train"),
        OperationRow(.deleteModel, .delete, "/projects/PROJECT/models/1"),
        OperationRow(.deleteProject, .delete, "/projects/PROJECT"),
        OperationRow(.describeDataset, .get, "/projects/PROJECT/datasets/train"),
        OperationRow(.describeModel, .get, "/projects/PROJECT/models/1"),
        OperationRow(.describeModelPackagingJob, .get, "/projects/PROJECT/modelpackagingjobs/j"),
        OperationRow(.describeProject, .get, "/projects/PROJECT"),
        OperationRow(
            .detectAnomalies, .post, "/projects/PROJECT/models/1/detect", "x",
            headers: [("Content-Type", "image/png")]),
        OperationRow(.listDatasetEntries, .get, "/projects/PROJECT/datasets/train/entries"),
        OperationRow(.listModelPackagingJobs, .get, "/projects/PROJECT/modelpackagingjobs"),
        OperationRow(.listModels, .get, "/projects/PROJECT/models"),
        OperationRow(.listProjects, .get, "/projects"),
        OperationRow(.listTagsForResource, .get, "/tags/ARN"),
        OperationRow(
            .startModel, .post, "/projects/PROJECT/models/1/start", #"{"MinInferenceUnits":1}"#),
        OperationRow(
            .startModelPackagingJob, .post, "/projects/PROJECT/modelpackagingjobs", package),
        OperationRow(.stopModel, .post, "/projects/PROJECT/models/1/stop"),
        OperationRow(.tagResource, .post, "/tags/ARN", #"{"Tags":[{"Key":"k","Value":"v"}]}"#),
        OperationRow(.untagResource, .delete, "/tags/ARN"),
        OperationRow(
            .updateDatasetEntries, .patch, "/projects/PROJECT/datasets/train/entries",
            #"{"Changes":"eyJzb3VyY2UtcmVmIjoiczM6Ly9iL2sifQ=="}"#),
    ]
}
