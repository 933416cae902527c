import Access
import FoundationEssentials
import Storage
import Wire

extension Operations {
    func createModel(_ request: CreateModelRequest) async throws -> CreateModelResponse {
        let (name, now, arns) = (request.projectName, context.now(), context.arns)
        try context.checkBucket(
            request.outputConfig.s3Location.bucket, "OutputConfig.S3Location.Bucket")
        let output = request.outputConfig.s3Location
        let tags = request.tags ?? []
        try TagRules.check(tags)
        try TagRules.checkCount(tags, of: "the model")
        let last = try await context.metadata.read { try $0.project(name)?.lastModelVersion ?? 0 }
        try await context.checkOutput(
            ObjectLocation(
                bucket: output.bucket,
                key: output.evaluationKeys(of: name, version: last + 1).manifest),
            "OutputConfig.S3Location.Prefix")
        let modelsMax = context.limits.modelsPerProjectMax
        return try await mutate(
            .createModel, request, token: request.clientToken, project: name,
            isOver: { transaction, answered in
                let made = try WireCoding.decode(CreateModelResponse.self, from: answered.response)
                let version = Int(made.modelMetadata.modelVersion)
                return answered.precedes(
                    try version.flatMap { try transaction.model(name, $0) }?.created)
            }
        ) { transaction in
            var project = try Lookup.project(name, transaction)
            try Self.checkDatasets(of: project, transaction)
            guard try transaction.countModels(name) < modelsMax else {
                throw WireError.quotaExceeded(
                    "The project \(name) has \(modelsMax) models already. Delete one first.",
                    quota: "models")
            }
            project.lastModelVersion += 1
            let key = output.evaluationKeys(of: name, version: project.lastModelVersion).manifest
            try ObjectLocation(bucket: output.bucket, key: key)
                .checkOutput("the evaluation", "OutputConfig.S3Location")
            try transaction.save(project)
            let model = ModelRecord(
                project: name, version: project.lastModelVersion, created: now,
                description: request.description, output: output,
                kmsKeyID: request.kmsKeyId)
            try transaction.save(model)
            try transaction.addTags(tags, to: arns.model(name, model.version))
            let job = JobSubject.train(project: name, version: model.version)
            try transaction.save(try job.record(created: now))
            return CreateModelResponse(modelMetadata: model.metadata(arns))
        }
    }

    private static func checkDatasets(
        of project: ProjectRecord, _ transaction: MetadataTransaction
    ) throws {
        _ = try Lookup.dataset(project.name, .train, transaction)
        for dataset in try transaction.datasets(project.name) {
            switch dataset.status {
            case .createComplete, .updateComplete, .updateFailedRollbackComplete: continue
            default:
                throw WireError.conflict(
                    "The \(dataset.type.rawValue) dataset of \(project.name) is "
                        + "\(dataset.status.rawValue); training needs it complete.", .dataset,
                    "\(project.name)/\(dataset.type.rawValue)")
            }
        }
    }
}
