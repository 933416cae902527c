import Access
import FoundationEssentials
import Storage
import Wire

extension Operations {
    /// Marks the model; a job removes its files and then the model itself.
    func deleteModel(_ request: DeleteModelRequest) async throws -> DeleteModelResponse {
        let (now, arns) = (context.now(), context.arns)
        return try await mutate(
            .deleteModel, request, token: request.clientToken, project: request.projectName,
            isOver: { transaction, _ in
                let version = Int(request.modelVersion)
                let model = try version.flatMap { try transaction.model(request.projectName, $0) }
                return model.map { $0.status != .deleting } ?? false
            }
        ) { transaction in
            var model = try Lookup.model(request.projectName, request.modelVersion, transaction)
            switch model.status {
            case .trained, .trainingFailed, .hostingFailed: break
            case .training, .startingHosting, .hosted, .stoppingHosting, .systemUpdating,
                .deleting:
                throw WireError.conflict(
                    "The model is \(model.status.rawValue) and cannot be deleted now. Stop a "
                        + "hosted model first; wait for what is going on.", .model,
                    "\(model.project)/\(model.version)")
            }
            model.status = .deleting
            model.statusMessage = nil
            try transaction.save(model)
            let job = JobSubject.deleteModel(project: model.project, version: model.version)
            try transaction.save(try job.record(created: now))
            return DeleteModelResponse(modelArn: arns.model(model.project, model.version))
        }
    }
}
