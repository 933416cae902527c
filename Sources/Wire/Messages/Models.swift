package import FoundationEssentials

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
}

package struct S3Location: Codable, Sendable, Equatable {
    package var bucket: String
    package var prefix: String?

    package init(bucket: String, prefix: String?) {
        self.bucket = bucket
        self.prefix = prefix
    }
}

package struct OutputConfig: Codable, Sendable, Equatable {
    package var s3Location: S3Location

    package init(s3Location: S3Location) { self.s3Location = s3Location }
}

package struct OutputS3Object: Codable, Sendable, Equatable {
    package var bucket: String
    package var key: String

    package init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }
}

package struct CreateModelRequest: Codable, Sendable {
    package var projectName: String
    package var description: String?
    package var clientToken: String?
    package var outputConfig: OutputConfig
    package var kmsKeyId: String?
    package var tags: [Tag]?
}

package struct CreateModelResponse: Codable, Sendable {
    package var modelMetadata: ModelMetadata

    package init(modelMetadata: ModelMetadata) { self.modelMetadata = modelMetadata }
}

/// Image-level figures on the test images, each in 0...1.
package struct ModelPerformance: Codable, Sendable, Equatable {
    package var f1Score: Double
    package var recall: Double
    package var precision: Double

    package init(f1Score: Double, recall: Double, precision: Double) {
        self.f1Score = f1Score
        self.recall = recall
        self.precision = precision
    }
}

package struct ModelMetadata: Codable, Sendable {
    package var creationTimestamp: Date
    package var modelVersion: String
    package var modelArn: String
    package var description: String?
    package var status: ModelStatus
    package var statusMessage: String?
    package var performance: ModelPerformance?

    package init(
        creationTimestamp: Date, modelVersion: String, modelArn: String, description: String?,
        status: ModelStatus, statusMessage: String?, performance: ModelPerformance?
    ) {
        self.creationTimestamp = creationTimestamp
        self.modelVersion = modelVersion
        self.modelArn = modelArn
        self.description = description
        self.status = status
        self.statusMessage = statusMessage
        self.performance = performance
    }
}

package struct DescribeModelRequest: Codable, Sendable {
    package var projectName: String
    package var modelVersion: String
}

package struct DescribeModelResponse: Codable, Sendable {
    package var modelDescription: ModelDescription

    package init(modelDescription: ModelDescription) { self.modelDescription = modelDescription }
}

package struct ModelDescription: Codable, Sendable {
    package var modelVersion: String
    package var modelArn: String
    package var creationTimestamp: Date
    package var description: String?
    package var status: ModelStatus
    package var statusMessage: String?
    package var performance: ModelPerformance?
    package var outputConfig: OutputConfig?
    package var evaluationManifest: OutputS3Object?
    package var evaluationResult: OutputS3Object?
    package var evaluationEndTimestamp: Date?
    package var kmsKeyId: String?
    package var minInferenceUnits: Int?
    package var maxInferenceUnits: Int?

    package init(
        modelVersion: String, modelArn: String, creationTimestamp: Date, status: ModelStatus
    ) {
        self.modelVersion = modelVersion
        self.modelArn = modelArn
        self.creationTimestamp = creationTimestamp
        self.status = status
    }
}

package struct DeleteModelRequest: Codable, Sendable {
    package var projectName: String
    package var modelVersion: String
    package var clientToken: String?
}

package struct DeleteModelResponse: Codable, Sendable {
    package var modelArn: String

    package init(modelArn: String) { self.modelArn = modelArn }
}

package struct ListModelsRequest: Codable, Sendable {
    package var projectName: String
    package var nextToken: String?
    package var maxResults: Int?
}

package struct ListModelsResponse: Codable, Sendable {
    package var models: [ModelMetadata]
    package var nextToken: String?

    package init(models: [ModelMetadata], nextToken: String?) {
        self.models = models
        self.nextToken = nextToken
    }
}

package struct StartModelRequest: Codable, Sendable {
    package var projectName: String
    package var modelVersion: String
    package var minInferenceUnits: Int
    package var maxInferenceUnits: Int?
    package var clientToken: String?
}

package struct StopModelRequest: Codable, Sendable {
    package var projectName: String
    package var modelVersion: String
    package var clientToken: String?
}

/// The answer of StartModel and of StopModel.
package struct HostingResponse: Codable, Sendable {
    package var status: ModelStatus

    package init(status: ModelStatus) { self.status = status }
}
