extension Shapes {
    /// Outputs of the 22 operations.
    static let responses: [(name: String, shape: Shape)] = [
        (
            "CreateDatasetResponse",
            .structure([
                .init("DatasetMetadata", "DatasetMetadata")
            ])
        ),
        (
            "CreateModelResponse",
            .structure([
                .init("ModelMetadata", "ModelMetadata")
            ])
        ),
        (
            "CreateProjectResponse",
            .structure([
                .init("ProjectMetadata", "ProjectMetadata")
            ])
        ),
        ("DeleteDatasetResponse", .structure([])),
        (
            "DeleteModelResponse",
            .structure([
                .init("ModelArn", "ModelArn")
            ])
        ),
        (
            "DeleteProjectResponse",
            .structure([
                .init("ProjectArn", "ProjectArn")
            ])
        ),
        (
            "DescribeDatasetResponse",
            .structure([
                .init("DatasetDescription", "DatasetDescription")
            ])
        ),
        (
            "DescribeModelPackagingJobResponse",
            .structure([
                .init("ModelPackagingDescription", "ModelPackagingDescription")
            ])
        ),
        (
            "DescribeModelResponse",
            .structure([
                .init("ModelDescription", "ModelDescription")
            ])
        ),
        (
            "DescribeProjectResponse",
            .structure([
                .init("ProjectDescription", "ProjectDescription")
            ])
        ),
        (
            "DetectAnomaliesResponse",
            .structure([
                .init("DetectAnomalyResult", "DetectAnomalyResult")
            ])
        ),
        (
            "ListDatasetEntriesResponse",
            .structure([
                .init("DatasetEntries", "DatasetEntryList"),
                .init("NextToken", "PaginationToken"),
            ])
        ),
        (
            "ListModelPackagingJobsResponse",
            .structure([
                .init("ModelPackagingJobs", "ModelPackagingJobsList"),
                .init("NextToken", "PaginationToken"),
            ])
        ),
        (
            "ListModelsResponse",
            .structure([
                .init("Models", "ModelMetadataList"),
                .init("NextToken", "PaginationToken"),
            ])
        ),
        (
            "ListProjectsResponse",
            .structure([
                .init("Projects", "ProjectMetadataList"),
                .init("NextToken", "PaginationToken"),
            ])
        ),
        (
            "ListTagsForResourceResponse",
            .structure([
                .init("Tags", "TagList")
            ])
        ),
        (
            "StartModelPackagingJobResponse",
            .structure([
                .init("JobName", "ModelPackagingJobName")
            ])
        ),
        (
            "StartModelResponse",
            .structure([
                .init("Status", "ModelHostingStatus")
            ])
        ),
        (
            "StopModelResponse",
            .structure([
                .init("Status", "ModelHostingStatus")
            ])
        ),
        ("TagResourceResponse", .structure([])),
        ("UntagResourceResponse", .structure([])),
        (
            "UpdateDatasetEntriesResponse",
            .structure([
                .init("Status", "DatasetStatus")
            ])
        ),
    ]
}
