extension Shapes {
    /// Inputs of the 22 operations.
    static let requests: [(name: String, shape: Shape)] = [
        (
            "CreateDatasetRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("DatasetType", "DatasetType", required: true),
                .init("DatasetSource", "DatasetSource"),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
            ])
        ),
        (
            "CreateModelRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("Description", "ModelDescriptionMessage"),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
                .init("OutputConfig", "OutputConfig", required: true),
                .init("KmsKeyId", "KmsKeyId"),
                .init("Tags", "TagList"),
            ])
        ),
        (
            "CreateProjectRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
            ])
        ),
        (
            "DeleteDatasetRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("DatasetType", "DatasetType", required: true, in: .path("datasetType")),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
            ])
        ),
        (
            "DeleteModelRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init(
                    "ModelVersion", "ModelVersionNoLatest", required: true,
                    in: .path("modelVersion")),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
            ])
        ),
        (
            "DeleteProjectRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
            ])
        ),
        (
            "DescribeDatasetRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("DatasetType", "DatasetType", required: true, in: .path("datasetType")),
            ])
        ),
        (
            "DescribeModelPackagingJobRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("JobName", "ModelPackagingJobName", required: true, in: .path("jobName")),
            ])
        ),
        (
            "DescribeModelRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("ModelVersion", "ModelVersion", required: true, in: .path("modelVersion")),
            ])
        ),
        (
            "DescribeProjectRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName"))
            ])
        ),
        (
            "DetectAnomaliesRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("ModelVersion", "ModelVersion", required: true, in: .path("modelVersion")),
                .init("Body", "Stream", required: true, in: .payload),
                .init("ContentType", "ContentType", required: true, in: .header("Content-Type")),
            ])
        ),
        (
            "ListDatasetEntriesRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("DatasetType", "DatasetType", required: true, in: .path("datasetType")),
                .init("Labeled", "IsLabeled", in: .query("labeled")),
                .init("AnomalyClass", "AnomalyClassFilter", in: .query("anomalyClass")),
                .init("BeforeCreationDate", "DateTime", in: .query("createdBefore")),
                .init("AfterCreationDate", "DateTime", in: .query("createdAfter")),
                .init("NextToken", "PaginationToken", in: .query("nextToken")),
                .init("MaxResults", "PageSize", in: .query("maxResults")),
                .init("SourceRefContains", "QueryString", in: .query("sourceRefContains")),
            ])
        ),
        (
            "ListModelPackagingJobsRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("NextToken", "PaginationToken", in: .query("nextToken")),
                .init("MaxResults", "PageSize", in: .query("maxResults")),
            ])
        ),
        (
            "ListModelsRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("NextToken", "PaginationToken", in: .query("nextToken")),
                .init("MaxResults", "PageSize", in: .query("maxResults")),
            ])
        ),
        (
            "ListProjectsRequest",
            .structure([
                .init("NextToken", "PaginationToken", in: .query("nextToken")),
                .init("MaxResults", "PageSize", in: .query("maxResults")),
            ])
        ),
        (
            "ListTagsForResourceRequest",
            .structure([
                .init("ResourceArn", "TagArn", required: true, in: .path("resourceArn"))
            ])
        ),
        (
            "StartModelPackagingJobRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("ModelVersion", "ModelVersion", required: true),
                .init("JobName", "ModelPackagingJobName"),
                .init("Configuration", "ModelPackagingConfiguration", required: true),
                .init("Description", "ModelPackagingJobDescription"),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
            ])
        ),
        (
            "StartModelRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("ModelVersion", "ModelVersion", required: true, in: .path("modelVersion")),
                .init("MinInferenceUnits", "InferenceUnits", required: true),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
                .init("MaxInferenceUnits", "InferenceUnits"),
            ])
        ),
        (
            "StopModelRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("ModelVersion", "ModelVersion", required: true, in: .path("modelVersion")),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
            ])
        ),
        (
            "TagResourceRequest",
            .structure([
                .init("ResourceArn", "TagArn", required: true, in: .path("resourceArn")),
                .init("Tags", "TagList", required: true),
            ])
        ),
        (
            "UntagResourceRequest",
            .structure([
                .init("ResourceArn", "TagArn", required: true, in: .path("resourceArn")),
                .init("TagKeys", "TagKeyList", required: true, in: .query("tagKeys")),
            ])
        ),
        (
            "UpdateDatasetEntriesRequest",
            .structure([
                .init("ProjectName", "ProjectName", required: true, in: .path("projectName")),
                .init("DatasetType", "DatasetType", required: true, in: .path("datasetType")),
                .init("Changes", "DatasetChanges", required: true),
                .init("ClientToken", "ClientToken", in: .header("X-Amzn-Client-Token")),
            ])
        ),
    ]
}
