package import FoundationEssentials

/// What a model is at. TRAINING ends in TRAINED or TRAINING_FAILED; StartModel leads through
/// STARTING_HOSTING to HOSTED or HOSTING_FAILED, StopModel through STOPPING_HOSTING back to
/// TRAINED; DELETING ends with the model. SYSTEM_UPDATING is of the published API and is not used.
package enum ModelStatus: String, Codable, Sendable, CaseIterable {
    case training = "TRAINING"
    case trained = "TRAINED"
    case trainingFailed = "TRAINING_FAILED"
    case startingHosting = "STARTING_HOSTING"
    case hosted = "HOSTED"
    case hostingFailed = "HOSTING_FAILED"
    case stoppingHosting = "STOPPING_HOSTING"
    case systemUpdating = "SYSTEM_UPDATING"
    case deleting = "DELETING"

    /// The status message where nothing more is known.
    package var message: String {
        switch self {
        case .training: "The training waits for a worker."
        case .trained: "The model was trained."
        case .trainingFailed: "The training failed."
        case .startingHosting: "The model is being started."
        case .hosted: "The model is running."
        case .hostingFailed: "The model could not be started."
        case .stoppingHosting: "The model is being stopped."
        case .systemUpdating: "The model is being updated."
        case .deleting: "The model is being deleted."
        }
    }
}

/// A place in a bucket that the server writes to.
package struct S3Location: Codable, Sendable, Equatable {
    /// 3 to 63 characters.
    package var bucket: String
    /// 0 to 1024 characters before the names of the objects; nil is the bucket's root.
    package var prefix: String?

    package init(bucket: String, prefix: String?) {
        self.bucket = bucket
        self.prefix = prefix
    }

    /// The key of `name` in the folder that the prefix names, with or without a slash at its end.
    package func key(below name: String) -> String {
        guard let prefix, !prefix.isEmpty else { return name }
        return prefix.hasSuffix("/") ? prefix + name : "\(prefix)/\(name)"
    }

    /// The keys of a training's evaluation. Prefix and name stand together as they are, as Lookout
    /// for Vision has it: `k_fold_` gives `k_fold_EvaluationResult-…`, `out/` a folder.
    package func evaluationKeys(of project: String, version: Int) -> (
        manifest: String, result: String
    ) {
        let (prefix, suffix) = (prefix ?? "", "\(project)-\(version).json")
        return ("\(prefix)EvaluationManifest-\(suffix)", "\(prefix)EvaluationResult-\(suffix)")
    }
}

/// Where the evaluation of a training goes.
package struct OutputConfig: Codable, Sendable, Equatable {
    /// Gets `EvaluationManifest-PROJECT-VERSION.json` and `EvaluationResult-PROJECT-VERSION.json`.
    package var s3Location: S3Location

    package init(s3Location: S3Location) { self.s3Location = s3Location }
}

/// An object that the server wrote.
package struct OutputS3Object: Codable, Sendable, Equatable {
    /// The bucket of the model's output location.
    package var bucket: String
    /// With the prefix of the output location.
    package var key: String

    package init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }
}

/// Input of CreateModel, which begins the training of the project's next version.
package struct CreateModelRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// 1 to 500 letters, digits and `._-`; nil when none was given.
    package var description: String?
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
    /// Required: training ends with the evaluation written there.
    package var outputConfig: OutputConfig
    /// Kept and shown; nothing is encrypted with it.
    package var kmsKeyId: String?
    /// Tags of the new model, 50 at most, each key once; nil is none.
    package var tags: [Tag]?
}

/// Output of CreateModel.
package struct CreateModelResponse: Codable, Sendable {
    /// The new version, in TRAINING.
    package var modelMetadata: ModelMetadata

    package init(modelMetadata: ModelMetadata) { self.modelMetadata = modelMetadata }
}

/// Image-level figures on the test images, each in 0...1.
package struct ModelPerformance: Codable, Sendable, Equatable {
    /// Harmonic mean of precision and recall at the model's threshold.
    package var f1Score: Double
    /// Share of the anomalous test images that are found.
    package var recall: Double
    /// Share of the images found anomalous that are.
    package var precision: Double

    package init(f1Score: Double, recall: Double, precision: Double) {
        self.f1Score = f1Score
        self.recall = recall
        self.precision = precision
    }
}

/// A model as CreateModel and ListModels show it.
package struct ModelMetadata: Codable, Sendable {
    /// When the resource was made, in seconds since 1970 on the wire.
    package var creationTimestamp: Date
    /// A number from 1 up, or `latest` for the newest version of the project.
    package var modelVersion: String
    /// `arn:aws:lookoutvision:REGION:ACCOUNT:model/PROJECT/VERSION`.
    package var modelArn: String
    /// As CreateModel gave it; nil when it gave none.
    package var description: String?
    /// The state of the model when the answer was made.
    package var status: ModelStatus
    /// What the status means, for people: never empty, since programs read it without asking.
    package var statusMessage: String
    /// nil before TRAINED.
    package var performance: ModelPerformance?

    package init(
        creationTimestamp: Date, modelVersion: String, modelArn: String, description: String?,
        status: ModelStatus, statusMessage: String, performance: ModelPerformance?
    ) {
        self.creationTimestamp = creationTimestamp
        self.modelVersion = modelVersion
        self.modelArn = modelArn
        self.description = description
        self.status = status
        self.statusMessage = statusMessage
        self.performance = performance
    }

    /// Reads an answer that was kept for a client token; earlier versions left the message out.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        creationTimestamp = try members.decode(Date.self, forKey: .creationTimestamp)
        modelVersion = try members.decode(String.self, forKey: .modelVersion)
        modelArn = try members.decode(String.self, forKey: .modelArn)
        description = try members.decodeIfPresent(String.self, forKey: .description)
        status = try members.decode(ModelStatus.self, forKey: .status)
        statusMessage =
            try members.decodeIfPresent(String.self, forKey: .statusMessage) ?? status.message
        performance = try members.decodeIfPresent(ModelPerformance.self, forKey: .performance)
    }
}

/// Input of DescribeModel.
package struct DescribeModelRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// A number from 1 up, or `latest` for the newest version of the project.
    package var modelVersion: String
}

/// Output of DescribeModel.
package struct DescribeModelResponse: Codable, Sendable {
    /// Everything that is known of the model.
    package var modelDescription: ModelDescription

    package init(modelDescription: ModelDescription) { self.modelDescription = modelDescription }
}

/// A model as DescribeModel shows it.
package struct ModelDescription: Codable, Sendable {
    /// A number from 1 up, or `latest` for the newest version of the project.
    package var modelVersion: String
    /// `arn:aws:lookoutvision:REGION:ACCOUNT:model/PROJECT/VERSION`.
    package var modelArn: String
    /// When the resource was made, in seconds since 1970 on the wire.
    package var creationTimestamp: Date
    /// As CreateModel gave it; nil when it gave none.
    package var description: String?
    /// The state of the model when the answer was made.
    package var status: ModelStatus
    /// What the status means, for people: never empty, since programs read it without asking.
    package var statusMessage: String
    /// nil before TRAINED.
    package var performance: ModelPerformance?
    /// As CreateModel gave it.
    package var outputConfig: OutputConfig?
    /// The test images with the model's verdicts, as JSON lines; nil before TRAINED.
    package var evaluationManifest: OutputS3Object?
    /// Figures on all test images, and on masks; nil before TRAINED.
    package var evaluationResult: OutputS3Object?
    /// When the training's evaluation ended; nil before TRAINED.
    package var evaluationEndTimestamp: Date?
    /// As CreateModel gave it; nil when it gave none.
    package var kmsKeyId: String?
    /// Of the last StartModel; nil for a model that was never started.
    package var minInferenceUnits: Int?
    /// Of the last StartModel; nil when that gave none.
    package var maxInferenceUnits: Int?

    package init(
        modelVersion: String, modelArn: String, creationTimestamp: Date, status: ModelStatus,
        statusMessage: String
    ) {
        self.modelVersion = modelVersion
        self.modelArn = modelArn
        self.creationTimestamp = creationTimestamp
        self.status = status
        self.statusMessage = statusMessage
    }
}

/// Input of DeleteModel, which refuses a model in training or hosted.
package struct DeleteModelRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// A number from 1 up; `latest` is not taken here.
    package var modelVersion: String
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// Output of DeleteModel: the model is DELETING, and a job removes it.
package struct DeleteModelResponse: Codable, Sendable {
    /// `arn:aws:lookoutvision:REGION:ACCOUNT:model/PROJECT/VERSION`.
    package var modelArn: String

    package init(modelArn: String) { self.modelArn = modelArn }
}

/// Input of ListModels.
package struct ListModelsRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Opaque position of the next page. In a request nil or empty begins the list; in an answer
    /// nil ends it.
    package var nextToken: String?
    /// 1 to 100 items of a page; nil is 100.
    package var maxResults: Int?
}

/// Output of ListModels.
package struct ListModelsResponse: Codable, Sendable {
    /// Newest version first.
    package var models: [ModelMetadata]
    /// Opaque position of the next page. In a request nil or empty begins the list; in an answer
    /// nil ends it.
    package var nextToken: String?

    package init(models: [ModelMetadata], nextToken: String?) {
        self.models = models
        self.nextToken = nextToken
    }
}

/// Input of StartModel, which needs a TRAINED model or one whose hosting failed.
package struct StartModelRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// A number from 1 up, or `latest` for the newest version of the project.
    package var modelVersion: String
    /// From 1 up; shown in metrics, and no more is done by it.
    package var minInferenceUnits: Int
    /// How many images are judged at once; nil is the minimum, below which it must not be.
    package var maxInferenceUnits: Int?
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// Input of StopModel, which needs a HOSTED model.
package struct StopModelRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// A number from 1 up, or `latest` for the newest version of the project.
    package var modelVersion: String
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// The answer of StartModel and of StopModel.
package struct HostingResponse: Codable, Sendable {
    /// STARTING_HOSTING or STOPPING_HOSTING; DescribeModel shows how it ended.
    package var status: ModelStatus

    package init(status: ModelStatus) { self.status = status }
}
