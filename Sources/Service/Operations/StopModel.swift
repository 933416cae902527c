import FoundationEssentials
import Storage
import Wire

extension Operations {
    func stopModel(_ request: StopModelRequest) async throws -> HostingResponse {
        let now = context.now()
        return try await mutate(
            .stopModel, request, token: request.clientToken, project: request.projectName,
            isOver: { transaction, _ in
                let (name, version) = (request.projectName, request.modelVersion)
                let status = try Lookup.model(name, version, transaction).status
                return status != .stoppingHosting && status != .trained
            }
        ) { transaction in
            var model = try Lookup.model(request.projectName, request.modelVersion, transaction)
            guard model.status == .hosted else {
                throw WireError.conflict(
                    "The model is \(model.status.rawValue); only a HOSTED model can be stopped.",
                    .model, "\(model.project)/\(model.version)")
            }
            model.status = .stoppingHosting
            model.statusMessage = nil
            try transaction.save(model)
            let job = JobSubject.stopHosting(project: model.project, version: model.version)
            try transaction.save(try job.record(created: now))
            return HostingResponse(status: model.status)
        }
    }
}
