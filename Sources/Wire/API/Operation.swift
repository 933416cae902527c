/// The 22 operations of the API. Everything that depends on an operation (routing, validation,
/// permissions, statuses, help) derives from `definition`, so there is one place to change.
package enum Operation: String, CaseIterable, Sendable {
    case createDataset = "CreateDataset"
    case createModel = "CreateModel"
    case createProject = "CreateProject"
    case deleteDataset = "DeleteDataset"
    case deleteModel = "DeleteModel"
    case deleteProject = "DeleteProject"
    case describeDataset = "DescribeDataset"
    case describeModel = "DescribeModel"
    case describeModelPackagingJob = "DescribeModelPackagingJob"
    case describeProject = "DescribeProject"
    case detectAnomalies = "DetectAnomalies"
    case listDatasetEntries = "ListDatasetEntries"
    case listModelPackagingJobs = "ListModelPackagingJobs"
    case listModels = "ListModels"
    case listProjects = "ListProjects"
    case listTagsForResource = "ListTagsForResource"
    case startModel = "StartModel"
    case startModelPackagingJob = "StartModelPackagingJob"
    case stopModel = "StopModel"
    case tagResource = "TagResource"
    case untagResource = "UntagResource"
    case updateDatasetEntries = "UpdateDatasetEntries"

    /// The row of an operation: where it lives on the wire, and which shapes it speaks.
    package struct Definition: Sendable {
        /// HTTP method, upper case.
        package let method: String
        /// Path template; a segment in braces is a label of the input shape.
        package let path: String
        /// HTTP status of success.
        package let status: Int
        /// Name in `Shapes` of the structure that a request is gathered into.
        package let input: String
        /// Name in `Shapes` of the structure that the response's JSON has.
        package let output: String
        /// Error codes that the operation declares; those of `ErrorCode.frontEnd` come on top.
        package let errors: [ErrorCode]
        /// What the body of a request holds.
        package let body: Body

        init(
            method: String, path: String, status: Int, input: String, output: String,
            errors: [ErrorCode], body: Body = .document
        ) {
            self.method = method
            self.path = path
            self.status = status
            self.input = input
            self.output = output
            self.errors = errors
            self.body = body
        }
    }

    /// What the body of a request holds. Its bound in bytes, whether it is parsed and whether the
    /// operation can change anything follow from it.
    package enum Body: Sendable {
        /// The members of the input that travel in the body, as one JSON object; nothing when there
        /// are none.
        case document
        /// The same, with a blob of up to 10 MiB among them.
        case documentWithBlob
        /// The bytes of the input's payload member, which the operation looks at and does not keep.
        case payload
    }

    /// IAM's names of the permission that a caller needs; one of them is enough.
    package var permissions: [String] {
        // The release note of the packaging operations spells it in the plural.
        let plural = self == .startModelPackagingJob ? ["lookoutvision:\(rawValue)s"] : []
        return ["lookoutvision:\(rawValue)"] + plural
    }

    /// What a policy's Resource is compared with.
    package enum PermissionResource: Sendable {
        /// No resource: `*`.
        case none
        /// The ARN of the project that ProjectName names.
        case project
        /// The ARN of the model that ProjectName and ModelVersion name.
        case model
        /// The ARN in ResourceArn.
        case named
    }

    /// What the Resource of a policy's statements is compared with when the operation is called.
    package var permissionResource: PermissionResource {
        switch self {
        case .listProjects: .none
        case .createDataset, .createModel, .createProject, .deleteDataset, .deleteProject,
            .describeDataset, .describeModelPackagingJob, .describeProject, .listDatasetEntries,
            .listModelPackagingJobs, .listModels, .updateDatasetEntries:
            .project
        case .deleteModel, .describeModel, .detectAnomalies, .startModel, .startModelPackagingJob,
            .stopModel:
            .model
        case .listTagsForResource, .tagResource, .untagResource: .named
        }
    }

    /// Whether the operation changes nothing.
    package var isReadOnly: Bool {
        let definition = definition
        return definition.method == "GET" || definition.body == .payload
    }

    /// The operation's row of the table.
    package var definition: Definition {
        switch self {
        case .createDataset:
            Definition(
                method: "POST", path: "/2020-11-20/projects/{projectName}/datasets",
                status: 202, input: "CreateDatasetRequest", output: "CreateDatasetResponse",
                errors: ErrorCode.common + [.serviceQuotaExceeded])
        case .createModel:
            Definition(
                method: "POST", path: "/2020-11-20/projects/{projectName}/models",
                status: 202, input: "CreateModelRequest", output: "CreateModelResponse",
                errors: ErrorCode.common + [.serviceQuotaExceeded])
        case .createProject:
            Definition(
                method: "POST", path: "/2020-11-20/projects",
                status: 200, input: "CreateProjectRequest", output: "CreateProjectResponse",
                errors: ErrorCode.common + [.serviceQuotaExceeded])
        case .deleteDataset:
            Definition(
                method: "DELETE", path: "/2020-11-20/projects/{projectName}/datasets/{datasetType}",
                status: 202, input: "DeleteDatasetRequest", output: "DeleteDatasetResponse",
                errors: ErrorCode.common)
        case .deleteModel:
            Definition(
                method: "DELETE", path: "/2020-11-20/projects/{projectName}/models/{modelVersion}",
                status: 202, input: "DeleteModelRequest", output: "DeleteModelResponse",
                errors: ErrorCode.common)
        case .deleteProject:
            Definition(
                method: "DELETE", path: "/2020-11-20/projects/{projectName}",
                status: 200, input: "DeleteProjectRequest", output: "DeleteProjectResponse",
                errors: ErrorCode.common)
        case .describeDataset:
            Definition(
                method: "GET", path: "/2020-11-20/projects/{projectName}/datasets/{datasetType}",
                status: 200, input: "DescribeDatasetRequest", output: "DescribeDatasetResponse",
                errors: ErrorCode.common)
        case .describeModel:
            Definition(
                method: "GET", path: "/2020-11-20/projects/{projectName}/models/{modelVersion}",
                status: 200, input: "DescribeModelRequest", output: "DescribeModelResponse",
                errors: ErrorCode.common)
        case .describeModelPackagingJob:
            Definition(
                method: "GET",
                path: "/2020-11-20/projects/{projectName}/modelpackagingjobs/{jobName}",
                status: 200, input: "DescribeModelPackagingJobRequest",
                output: "DescribeModelPackagingJobResponse",
                errors: [
                    .accessDenied, .internalServer, .validation, .resourceNotFound, .throttling,
                ])
        case .describeProject:
            Definition(
                method: "GET", path: "/2020-11-20/projects/{projectName}",
                status: 200, input: "DescribeProjectRequest", output: "DescribeProjectResponse",
                errors: ErrorCode.common)
        case .detectAnomalies:
            Definition(
                method: "POST",
                path: "/2020-11-20/projects/{projectName}/models/{modelVersion}/detect",
                status: 200, input: "DetectAnomaliesRequest", output: "DetectAnomaliesResponse",
                errors: ErrorCode.common, body: .payload)
        case .listDatasetEntries:
            Definition(
                method: "GET",
                path: "/2020-11-20/projects/{projectName}/datasets/{datasetType}/entries",
                status: 200, input: "ListDatasetEntriesRequest",
                output: "ListDatasetEntriesResponse",
                errors: ErrorCode.common)
        case .listModelPackagingJobs:
            Definition(
                method: "GET", path: "/2020-11-20/projects/{projectName}/modelpackagingjobs",
                status: 200, input: "ListModelPackagingJobsRequest",
                output: "ListModelPackagingJobsResponse",
                errors: [
                    .accessDenied, .internalServer, .validation, .resourceNotFound, .throttling,
                ])
        case .listModels:
            Definition(
                method: "GET", path: "/2020-11-20/projects/{projectName}/models",
                status: 200, input: "ListModelsRequest", output: "ListModelsResponse",
                errors: ErrorCode.common)
        case .listProjects:
            Definition(
                method: "GET", path: "/2020-11-20/projects",
                status: 200, input: "ListProjectsRequest", output: "ListProjectsResponse",
                errors: ErrorCode.common)
        case .listTagsForResource:
            Definition(
                method: "GET", path: "/2020-11-20/tags/{resourceArn}",
                status: 200, input: "ListTagsForResourceRequest",
                output: "ListTagsForResourceResponse",
                errors: ErrorCode.common)
        case .startModel:
            Definition(
                method: "POST",
                path: "/2020-11-20/projects/{projectName}/models/{modelVersion}/start",
                status: 202, input: "StartModelRequest", output: "StartModelResponse",
                errors: ErrorCode.common + [.serviceQuotaExceeded])
        case .startModelPackagingJob:
            Definition(
                method: "POST", path: "/2020-11-20/projects/{projectName}/modelpackagingjobs",
                status: 200, input: "StartModelPackagingJobRequest",
                output: "StartModelPackagingJobResponse",
                errors: ErrorCode.common + [.serviceQuotaExceeded])
        case .stopModel:
            Definition(
                method: "POST",
                path: "/2020-11-20/projects/{projectName}/models/{modelVersion}/stop",
                status: 202, input: "StopModelRequest", output: "StopModelResponse",
                errors: ErrorCode.common)
        case .tagResource:
            Definition(
                method: "POST", path: "/2020-11-20/tags/{resourceArn}",
                status: 200, input: "TagResourceRequest", output: "TagResourceResponse",
                errors: ErrorCode.common + [.serviceQuotaExceeded])
        case .untagResource:
            Definition(
                method: "DELETE", path: "/2020-11-20/tags/{resourceArn}",
                status: 200, input: "UntagResourceRequest", output: "UntagResourceResponse",
                errors: ErrorCode.common)
        case .updateDatasetEntries:
            Definition(
                method: "PATCH",
                path: "/2020-11-20/projects/{projectName}/datasets/{datasetType}/entries",
                status: 202, input: "UpdateDatasetEntriesRequest",
                output: "UpdateDatasetEntriesResponse",
                errors: ErrorCode.common, body: .documentWithBlob)
        }
    }
}
