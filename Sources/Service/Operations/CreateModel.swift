import Access
import FoundationEssentials
import Storage
import Wire

extension Operations {
    func createModel(_ request: CreateModelRequest) async throws -> CreateModelResponse {
        let (name, now, arns) = (request.projectName, context.now(), context.arns)
        let tags = request.tags ?? []
        try TagRules.check(tags)
        return try await mutate(
            .createModel, request, token: request.clientToken, project: name
        ) { transaction in
            var project = try Lookup.project(name, transaction)
            try Self.checkDatasets(of: project, transaction)
            project.lastModelVersion += 1
            try transaction.save(project)
            let model = ModelRecord(
                project: name, version: project.lastModelVersion, created: now,
                description: request.description, output: request.outputConfig.s3Location,
                kmsKeyID: request.kmsKeyId)
            try transaction.save(model)
            try transaction.addTags(tags, to: arns.model(name, model.version))
            let job = JobSubject.train(project: name, version: model.version)
            try transaction.save(try job.record(created: now))
            return CreateModelResponse(modelMetadata: model.metadata(arns))
        }
    }

    private static func checkDatasets(
        of project: ProjectRecord, _ transaction: any MetadataTransaction
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

/// What tags must be beyond their shapes.
enum TagRules {
    static func check(_ tags: [Tag]) throws(WireError) {
        if tags.count > Limits.tagsMax {
            throw .validation("Tags: at most \(Limits.tagsMax) are kept, not \(tags.count).")
        }
        if let reserved = tags.first(where: { $0.key.lowercased().hasPrefix("aws:") }) {
            throw .validation("Tags: the key '\(reserved.key)' begins with the reserved 'aws:'.")
        }
        if Set(tags.map(\.key)).count < tags.count {
            throw .validation("Tags: each key may be given once.")
        }
    }
}
