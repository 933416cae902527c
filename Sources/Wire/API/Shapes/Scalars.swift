extension Shapes {
    /// Strings, numbers, lists and the like with their constraints.
    static let scalars: [(name: String, shape: Shape)] = [
        ("AnomalyClassFilter", .string(length: 1...10, pattern: #"(normal|anomaly)"#)),
        ("AnomalyList", .list(of: "Anomaly")),
        ("AnomalyMask", .blob(1...5242880)),
        ("AnomalyName", .string(length: 1...256, pattern: #"[a-zA-Z0-9]*"#)),
        ("Boolean", .boolean),
        ("ClientToken", .string(length: 1...64, pattern: #"^[a-zA-Z0-9-]+$"#)),
        ("Color", .string(length: 7...7, pattern: ##"\#[a-zA-Z0-9]{6}"##)),
        ("CompilerOptions", .string(length: 3...1024, pattern: #".*"#)),
        ("ComponentDescription", .string(length: 1...256, pattern: #"[a-zA-Z0-9-_. ()':,;?]+"#)),
        ("ComponentName", .string(length: 1...128, pattern: #"[a-zA-Z0-9-_.]+"#)),
        (
            "ComponentVersion",
            .string(length: 1...64, pattern: #"^([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})$"#)
        ),
        (
            "ComponentVersionArn",
            .string(pattern: #"arn:[^:]*:greengrass:[^:]*:aws:components:[^:]+"#)
        ),
        ("ContentType", .string(length: 1...255, pattern: #".*"#)),
        ("DatasetChanges", .blob(1...10485760)),
        ("DatasetEntry", .string(length: 2...8192, pattern: #"^\{.*\}$"#)),
        ("DatasetEntryList", .list(of: "DatasetEntry")),
        ("DatasetMetadataList", .list(of: "DatasetMetadata")),
        (
            "DatasetStatus",
            .string(enumeration: [
                "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_IN_PROGRESS",
                "UPDATE_COMPLETE", "UPDATE_FAILED_ROLLBACK_IN_PROGRESS",
                "UPDATE_FAILED_ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE",
                "DELETE_FAILED",
            ])
        ),
        ("DatasetStatusMessage", .string()),
        ("DatasetType", .string(length: 1...10, pattern: #"train|test"#)),
        ("DateTime", .timestamp),
        ("ExceptionString", .string()),
        ("Float", .float),
        ("ImageSourceType", .string(pattern: #"direct"#)),
        ("InferenceUnits", .integer(1...Int.max)),
        ("Integer", .integer()),
        ("IsLabeled", .boolean),
        (
            "KmsKeyId",
            .string(length: 1...2048, pattern: #"^[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2048}$"#)
        ),
        ("ModelArn", .string()),
        ("ModelDescriptionMessage", .string(length: 1...500, pattern: #"[0-9A-Za-z\.\-_]*"#)),
        (
            "ModelHostingStatus",
            .string(enumeration: [
                "STARTING_HOSTING", "HOSTED", "HOSTING_FAILED", "STOPPING_HOSTING",
                "SYSTEM_UPDATING",
            ])
        ),
        ("ModelMetadataList", .list(of: "ModelMetadata")),
        (
            "ModelPackagingJobDescription",
            .string(length: 1...256, pattern: #"[a-zA-Z0-9-_. ()':,;?]+"#)
        ),
        ("ModelPackagingJobName", .string(length: 1...64, pattern: #"[a-zA-Z0-9-]+"#)),
        (
            "ModelPackagingJobStatus",
            .string(enumeration: ["CREATED", "RUNNING", "SUCCEEDED", "FAILED"])
        ),
        ("ModelPackagingJobsList", .list(of: "ModelPackagingJobMetadata")),
        ("ModelPackagingMethod", .string(length: 1...32, pattern: #"^[a-zA-Z0-9]+"#)),
        ("ModelPackagingStatusMessage", .string()),
        (
            "ModelStatus",
            .string(enumeration: [
                "TRAINING", "TRAINED", "TRAINING_FAILED", "STARTING_HOSTING", "HOSTED",
                "HOSTING_FAILED", "STOPPING_HOSTING", "SYSTEM_UPDATING", "DELETING",
            ])
        ),
        ("ModelStatusMessage", .string()),
        ("ModelVersion", .string(length: 1...10, pattern: #"([1-9][0-9]*|latest)"#)),
        ("ModelVersionNoLatest", .string(length: 1...10, pattern: #"([1-9][0-9]*)"#)),
        ("PageSize", .integer(1...100)),
        ("PaginationToken", .string(length: 0...2048, pattern: #"^[a-zA-Z0-9\/\+\=]{0,2048}$"#)),
        ("ProjectArn", .string()),
        ("ProjectMetadataList", .list(of: "ProjectMetadata")),
        ("ProjectName", .string(length: 1...255, pattern: #"[a-zA-Z0-9][a-zA-Z0-9_\-]*"#)),
        ("QueryString", .string(length: 1...2048, pattern: #".*\S.*"#)),
        (
            "ResourceType",
            .string(enumeration: ["PROJECT", "DATASET", "MODEL", "TRIAL", "MODEL_PACKAGE_JOB"])
        ),
        ("RetryAfterSeconds", .integer()),
        ("S3BucketName", .string(length: 3...63, pattern: #"[0-9A-Za-z\.\-_]*"#)),
        (
            "S3KeyPrefix",
            .string(length: 0...1024, pattern: #"^([a-zA-Z0-9!_.*'()-][/a-zA-Z0-9!_.*'()-]*)?$"#)
        ),
        (
            "S3ObjectKey",
            .string(length: 1...1024, pattern: #"^([a-zA-Z0-9!_.*'()-][/a-zA-Z0-9!_.*'()-]*)?$"#)
        ),
        ("S3ObjectVersion", .string(length: 1...1024, pattern: #".*"#)),
        ("Stream", .stream),
        ("TagArn", .string(length: 1...1011)),
        ("TagKey", .string(length: 1...128, pattern: #"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"#)),
        ("TagKeyList", .list(of: "TagKey", count: 0...200)),
        ("TagList", .list(of: "Tag", count: 0...200)),
        ("TagValue", .string(length: 0...256, pattern: #"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"#)),
        ("TargetDevice", .string(enumeration: ["jetson_xavier"])),
        ("TargetPlatformAccelerator", .string(enumeration: ["NVIDIA"])),
        ("TargetPlatformArch", .string(enumeration: ["ARM64", "X86_64"])),
        ("TargetPlatformOs", .string(enumeration: ["LINUX"])),
    ]
}
