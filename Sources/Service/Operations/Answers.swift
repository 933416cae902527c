import Access
import Storage
import Wire

// How records are shown to clients.

extension ProjectRecord {
    func metadata(_ arns: ARNs) -> ProjectMetadata {
        ProjectMetadata(
            projectArn: arns.project(name), projectName: name, creationTimestamp: created)
    }
}

extension DatasetRecord {
    var metadata: DatasetMetadata {
        DatasetMetadata(
            datasetType: type, creationTimestamp: created, status: status,
            statusMessage: message)
    }

    var answer: DatasetDescription {
        DatasetDescription(
            projectName: project, datasetType: type, creationTimestamp: created,
            lastUpdatedTimestamp: updated, status: status,
            statusMessage: message,
            imageStats: stats)
    }
}

extension ModelRecord {
    func metadata(_ arns: ARNs) -> ModelMetadata {
        ModelMetadata(
            creationTimestamp: created, modelVersion: String(version),
            modelArn: arns.model(project, version), description: description, status: status,
            statusMessage: message, performance: performance)
    }

    func answer(_ arns: ARNs) -> ModelDescription {
        var answer = ModelDescription(
            modelVersion: String(version), modelArn: arns.model(project, version),
            creationTimestamp: created, status: status,
            statusMessage: message)
        answer.description = description
        answer.performance = performance
        // AWS's samples read the prefix without asking; an empty one is none.
        answer.outputConfig = OutputConfig(
            s3Location: S3Location(bucket: output.bucket, prefix: output.prefix ?? ""))
        answer.evaluationManifest = evaluationManifest
        answer.evaluationResult = evaluationResult
        answer.evaluationEndTimestamp = evaluationEnd
        answer.kmsKeyId = kmsKeyID
        answer.minInferenceUnits = minInferenceUnits
        answer.maxInferenceUnits = maxInferenceUnits
        return answer
    }
}

extension PackagingRecord {
    var metadata: ModelPackagingJobMetadata {
        ModelPackagingJobMetadata(
            jobName: jobName, projectName: project, modelVersion: String(modelVersion),
            modelPackagingJobDescription: description, status: status,
            statusMessage: message, creationTimestamp: created,
            lastUpdatedTimestamp: updated)
    }

    /// The component version to make.
    var componentVersion: String {
        configuration.greengrass.componentVersion(ofModel: String(modelVersion))
    }
}

// What a job wrote about a status, or what the status means.

extension DatasetRecord {
    fileprivate var message: String { statusMessage.flatMap(\.notBlank) ?? status.message }
}

extension ModelRecord {
    fileprivate var message: String { statusMessage.flatMap(\.notBlank) ?? status.message }
}

extension PackagingRecord {
    fileprivate var message: String { statusMessage.flatMap(\.notBlank) ?? status.message }
}

extension String {
    /// nil for a text without anything to read.
    fileprivate var notBlank: String? { allSatisfy(\.isWhitespace) ? nil : self }
}
