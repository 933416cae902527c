import Wire

/// The members of all answers, and when each is there.
enum OptionalMembers {
    static let trained = ModelStatus.allCases.map(\.rawValue).filter {
        !["TRAINING", "TRAINING_FAILED"].contains($0)
    }
    static let started = [
        "STARTING_HOSTING", "HOSTED", "HOSTING_FAILED", "STOPPING_HOSTING", "SYSTEM_UPDATING",
    ]
    private static let datasetMetadata: [String: Presence] = [
        "DatasetType": .always, "CreationTimestamp": .always, "Status": .always,
        "StatusMessage": .always,
    ]
    private static let modelMetadata: [String: Presence] = [
        "CreationTimestamp": .always, "ModelVersion": .always, "ModelArn": .always,
        "Description": .given, "Status": .always, "StatusMessage": .always,
        "Performance.F1Score": .states(trained), "Performance.Recall": .states(trained),
        "Performance.Precision": .states(trained),
    ]
    private static let packagingMetadata: [String: Presence] = [
        "JobName": .always, "ProjectName": .always, "ModelVersion": .always,
        "ModelPackagingJobDescription": .given, "ModelPackagingMethod": .always,
        "Status": .always, "StatusMessage": .always, "CreationTimestamp": .always,
        "LastUpdatedTimestamp": .always,
    ]
    private static let greengrass = "ModelPackagingConfiguration.Greengrass."

    /// The table. A member that is a structure is there if one of its own is.
    static func table(_ operation: Wire.Operation) -> [String: Presence] {
        switch operation {
        case .createProject:
            [
                "ProjectMetadata.ProjectArn", "ProjectMetadata.ProjectName",
                "ProjectMetadata.CreationTimestamp",
            ].always
        case .listProjects:
            ["Projects.ProjectArn", "Projects.ProjectName", "Projects.CreationTimestamp"].always
                .and(["NextToken": .paged])
        case .describeProject:
            ["ProjectArn", "ProjectName", "CreationTimestamp"].always
                .and(datasetMetadata.below("Datasets"))
                .below("ProjectDescription")
        case .createDataset: datasetMetadata.below("DatasetMetadata")
        case .describeDataset:
            [
                "ProjectName", "DatasetType", "CreationTimestamp", "LastUpdatedTimestamp", "Status",
                "StatusMessage", "ImageStats.Total", "ImageStats.Labeled", "ImageStats.Normal",
                "ImageStats.Anomaly",
            ].always.below("DatasetDescription")
        case .createModel: modelMetadata.below("ModelMetadata")
        case .listModels: modelMetadata.below("Models").and(["NextToken": .paged])
        case .describeModel:
            modelMetadata.and([
                "OutputConfig.S3Location.Bucket": .always,
                "OutputConfig.S3Location.Prefix": .always, "KmsKeyId": .given,
                "EvaluationManifest.Bucket": .states(trained),
                "EvaluationManifest.Key": .states(trained),
                "EvaluationResult.Bucket": .states(trained),
                "EvaluationResult.Key": .states(trained),
                "EvaluationEndTimestamp": .states(trained),
                "MinInferenceUnits": .states(started), "MaxInferenceUnits": .givenIn(started),
            ]).below("ModelDescription")
        case .startModel, .stopModel, .updateDatasetEntries: ["Status"].always
        case .detectAnomalies:
            [
                "Source.Type": .always, "IsAnomalous": .always, "Confidence": .always,
                "Anomalies.Name": .segmentation,
                "Anomalies.PixelAnomaly.TotalPercentageArea": .segmentation,
                "Anomalies.PixelAnomaly.Color": .segmentation, "AnomalyMask": .segmentation,
            ].below("DetectAnomalyResult")
        case .listDatasetEntries: ["DatasetEntries": .always, "NextToken": .paged]
        case .startModelPackagingJob: ["JobName"].always
        case .listModelPackagingJobs:
            packagingMetadata.below("ModelPackagingJobs")
                .and(["NextToken": .paged])
        case .describeModelPackagingJob:
            packagingMetadata.and([
                greengrass + "CompilerOptions": .given,
                // Exactly one of device and platform is given.
                greengrass + "TargetDevice": .always,
                greengrass + "TargetPlatform.Os": .segmentation,
                greengrass + "TargetPlatform.Arch": .segmentation,
                greengrass + "TargetPlatform.Accelerator": .segmentation,
                greengrass + "S3OutputLocation.Bucket": .always,
                greengrass + "S3OutputLocation.Prefix": .given,
                greengrass + "ComponentName": .always, greengrass + "ComponentVersion": .given,
                greengrass + "ComponentDescription": .given, greengrass + "Tags.Key": .given,
                greengrass + "Tags.Value": .given,
                "ModelPackagingOutputDetails.Greengrass.ComponentVersionArn": .states(["SUCCEEDED"]
                ),
                "ModelPackagingOutputDetails.Greengrass.ComponentName": .states(["SUCCEEDED"]),
                "ModelPackagingOutputDetails.Greengrass.ComponentVersion": .states(["SUCCEEDED"]),
            ]).below("ModelPackagingDescription")
        case .listTagsForResource: ["Tags.Key", "Tags.Value"].always
        case .deleteModel: ["ModelArn"].always
        case .deleteProject: ["ProjectArn"].always
        case .deleteDataset, .tagResource, .untagResource: [:]
        }
    }
}

/// When a member is in an answer.
enum Presence: Sendable {
    case always
    /// If the resource has it, because a call gave it.
    case given
    /// In these states of the resource.
    case states([String])
    /// In these states, if a call gave it.
    case givenIn([String])
    /// On every page of a list but the last.
    case paged
    /// Of a model that outlines what it finds; the client tests have one.
    case segmentation

    func isThere(in state: String, everythingGiven: Bool) -> Bool {
        switch self {
        case .always: true
        case .given: everythingGiven
        case .states(let states): states.contains(state)
        case .givenIn(let states): everythingGiven && states.contains(state)
        case .paged, .segmentation: false
        }
    }
}

extension [String] {
    fileprivate var always: [String: Presence] {
        Dictionary(uniqueKeysWithValues: map { ($0, .always) })
    }
}

extension [String: Presence] {
    fileprivate func below(_ parent: String) -> Self {
        Dictionary(uniqueKeysWithValues: map { ("\(parent).\($0.key)", $0.value) })
    }

    fileprivate func and(_ others: Self) -> Self { merging(others) { one, _ in one } }
}
