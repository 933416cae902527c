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
            statusMessage: statusMessage ?? status.message)
    }

    var answer: DatasetDescription {
        DatasetDescription(
            projectName: project, datasetType: type, creationTimestamp: created,
            lastUpdatedTimestamp: updated, status: status,
            statusMessage: statusMessage ?? status.message,
            imageStats: stats)
    }
}

extension ModelRecord {
    func metadata(_ arns: ARNs) -> ModelMetadata {
        ModelMetadata(
            creationTimestamp: created, modelVersion: String(version),
            modelArn: arns.model(project, version), description: description, status: status,
            statusMessage: statusMessage ?? status.message, performance: performance)
    }

    func answer(_ arns: ARNs) -> ModelDescription {
        var answer = ModelDescription(
            modelVersion: String(version), modelArn: arns.model(project, version),
            creationTimestamp: created, status: status,
            statusMessage: statusMessage ?? status.message)
        answer.description = description
        answer.performance = performance
        answer.outputConfig = OutputConfig(s3Location: output)
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
            statusMessage: statusMessage ?? status.message, creationTimestamp: created,
            lastUpdatedTimestamp: updated)
    }

    /// The component version to make.
    var componentVersion: String {
        configuration.greengrass.componentVersion(ofModel: String(modelVersion))
    }
}
