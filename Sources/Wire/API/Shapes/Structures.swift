extension Shapes {
    /// Structures inside inputs and outputs.
    static let structures: [(name: String, shape: Shape)] = [
        (
            "Anomaly",
            .structure([
                .init("Name", "AnomalyName"),
                .init("PixelAnomaly", "PixelAnomaly"),
            ])
        ),
        (
            "DatasetDescription",
            .structure([
                .init("ProjectName", "ProjectName"),
                .init("DatasetType", "DatasetType"),
                .init("CreationTimestamp", "DateTime"),
                .init("LastUpdatedTimestamp", "DateTime"),
                .init("Status", "DatasetStatus"),
                .init("StatusMessage", "DatasetStatusMessage"),
                .init("ImageStats", "DatasetImageStats"),
            ])
        ),
        (
            "DatasetGroundTruthManifest",
            .structure([
                .init("S3Object", "InputS3Object")
            ])
        ),
        (
            "DatasetImageStats",
            .structure([
                .init("Total", "Integer"),
                .init("Labeled", "Integer"),
                .init("Normal", "Integer"),
                .init("Anomaly", "Integer"),
            ])
        ),
        (
            "DatasetMetadata",
            .structure([
                .init("DatasetType", "DatasetType"),
                .init("CreationTimestamp", "DateTime"),
                .init("Status", "DatasetStatus"),
                .init("StatusMessage", "DatasetStatusMessage"),
            ])
        ),
        (
            "DatasetSource",
            .structure([
                .init("GroundTruthManifest", "DatasetGroundTruthManifest")
            ])
        ),
        (
            "DetectAnomalyResult",
            .structure([
                .init("Source", "ImageSource"),
                .init("IsAnomalous", "Boolean"),
                .init("Confidence", "Float"),
                .init("Anomalies", "AnomalyList"),
                .init("AnomalyMask", "AnomalyMask"),
            ])
        ),
        (
            "GreengrassConfiguration",
            .structure([
                .init("CompilerOptions", "CompilerOptions"),
                .init("TargetDevice", "TargetDevice"),
                .init("TargetPlatform", "TargetPlatform"),
                .init("S3OutputLocation", "S3Location", required: true),
                .init("ComponentName", "ComponentName", required: true),
                .init("ComponentVersion", "ComponentVersion"),
                .init("ComponentDescription", "ComponentDescription"),
                .init("Tags", "TagList"),
            ])
        ),
        (
            "GreengrassOutputDetails",
            .structure([
                .init("ComponentVersionArn", "ComponentVersionArn"),
                .init("ComponentName", "ComponentName"),
                .init("ComponentVersion", "ComponentVersion"),
            ])
        ),
        (
            "ImageSource",
            .structure([
                .init("Type", "ImageSourceType")
            ])
        ),
        (
            "InputS3Object",
            .structure([
                .init("Bucket", "S3BucketName", required: true),
                .init("Key", "S3ObjectKey", required: true),
                .init("VersionId", "S3ObjectVersion"),
            ])
        ),
        (
            "ModelDescription",
            .structure([
                .init("ModelVersion", "ModelVersion"),
                .init("ModelArn", "ModelArn"),
                .init("CreationTimestamp", "DateTime"),
                .init("Description", "ModelDescriptionMessage"),
                .init("Status", "ModelStatus"),
                .init("StatusMessage", "ModelStatusMessage"),
                .init("Performance", "ModelPerformance"),
                .init("OutputConfig", "OutputConfig"),
                .init("EvaluationManifest", "OutputS3Object"),
                .init("EvaluationResult", "OutputS3Object"),
                .init("EvaluationEndTimestamp", "DateTime"),
                .init("KmsKeyId", "KmsKeyId"),
                .init("MinInferenceUnits", "InferenceUnits"),
                .init("MaxInferenceUnits", "InferenceUnits"),
            ])
        ),
        (
            "ModelMetadata",
            .structure([
                .init("CreationTimestamp", "DateTime"),
                .init("ModelVersion", "ModelVersion"),
                .init("ModelArn", "ModelArn"),
                .init("Description", "ModelDescriptionMessage"),
                .init("Status", "ModelStatus"),
                .init("StatusMessage", "ModelStatusMessage"),
                .init("Performance", "ModelPerformance"),
            ])
        ),
        (
            "ModelPackagingConfiguration",
            .structure([
                .init("Greengrass", "GreengrassConfiguration", required: true)
            ])
        ),
        (
            "ModelPackagingDescription",
            .structure([
                .init("JobName", "ModelPackagingJobName"),
                .init("ProjectName", "ProjectName"),
                .init("ModelVersion", "ModelVersion"),
                .init("ModelPackagingConfiguration", "ModelPackagingConfiguration"),
                .init("ModelPackagingJobDescription", "ModelPackagingJobDescription"),
                .init("ModelPackagingMethod", "ModelPackagingMethod"),
                .init("ModelPackagingOutputDetails", "ModelPackagingOutputDetails"),
                .init("Status", "ModelPackagingJobStatus"),
                .init("StatusMessage", "ModelPackagingStatusMessage"),
                .init("CreationTimestamp", "DateTime"),
                .init("LastUpdatedTimestamp", "DateTime"),
            ])
        ),
        (
            "ModelPackagingJobMetadata",
            .structure([
                .init("JobName", "ModelPackagingJobName"),
                .init("ProjectName", "ProjectName"),
                .init("ModelVersion", "ModelVersion"),
                .init("ModelPackagingJobDescription", "ModelPackagingJobDescription"),
                .init("ModelPackagingMethod", "ModelPackagingMethod"),
                .init("Status", "ModelPackagingJobStatus"),
                .init("StatusMessage", "ModelPackagingStatusMessage"),
                .init("CreationTimestamp", "DateTime"),
                .init("LastUpdatedTimestamp", "DateTime"),
            ])
        ),
        (
            "ModelPackagingOutputDetails",
            .structure([
                .init("Greengrass", "GreengrassOutputDetails")
            ])
        ),
        (
            "ModelPerformance",
            .structure([
                .init("F1Score", "Float"),
                .init("Recall", "Float"),
                .init("Precision", "Float"),
            ])
        ),
        (
            "OutputConfig",
            .structure([
                .init("S3Location", "S3Location", required: true)
            ])
        ),
        (
            "OutputS3Object",
            .structure([
                .init("Bucket", "S3BucketName", required: true),
                .init("Key", "S3ObjectKey", required: true),
            ])
        ),
        (
            "PixelAnomaly",
            .structure([
                .init("TotalPercentageArea", "Float"),
                .init("Color", "Color"),
            ])
        ),
        (
            "ProjectDescription",
            .structure([
                .init("ProjectArn", "ProjectArn"),
                .init("ProjectName", "ProjectName"),
                .init("CreationTimestamp", "DateTime"),
                .init("Datasets", "DatasetMetadataList"),
            ])
        ),
        (
            "ProjectMetadata",
            .structure([
                .init("ProjectArn", "ProjectArn"),
                .init("ProjectName", "ProjectName"),
                .init("CreationTimestamp", "DateTime"),
            ])
        ),
        (
            "S3Location",
            .structure([
                .init("Bucket", "S3BucketName", required: true),
                .init("Prefix", "S3KeyPrefix"),
            ])
        ),
        (
            "Tag",
            .structure([
                .init("Key", "TagKey", required: true),
                .init("Value", "TagValue", required: true),
            ])
        ),
        (
            "TargetPlatform",
            .structure([
                .init("Os", "TargetPlatformOs", required: true),
                .init("Arch", "TargetPlatformArch", required: true),
                .init("Accelerator", "TargetPlatformAccelerator"),
            ])
        ),
    ]
}
