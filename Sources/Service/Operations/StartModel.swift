import FoundationEssentials
import Storage
import Wire

extension Operations {
    func startModel(_ request: StartModelRequest) async throws -> HostingResponse {
        let now = context.now()
        let maximum = request.maxInferenceUnits ?? request.minInferenceUnits
        guard maximum >= request.minInferenceUnits else {
            throw WireError.validation(
                "MaxInferenceUnits (\(maximum)) must not be below MinInferenceUnits "
                    + "(\(request.minInferenceUnits)).")
        }
        guard maximum <= Limits.inferenceUnitsMax else {
            throw WireError.quotaExceeded(
                "A model has at most \(Limits.inferenceUnitsMax) inference units on a server, and "
                    + "\(maximum) were asked for. Set MaxInferenceUnits, or MinInferenceUnits without "
                    + "it, to at most \(Limits.inferenceUnitsMax), and start more servers where that "
                    + "does not suffice.", quota: "inference-units")
        }
        return try await mutate(
            .startModel, request, token: request.clientToken, project: request.projectName,
            isOver: { transaction, _ in
                let (name, version) = (request.projectName, request.modelVersion)
                let status = try Lookup.model(name, version, transaction).status
                return status != .startingHosting && status != .hosted
            }
        ) { transaction in
            var model = try Lookup.model(request.projectName, request.modelVersion, transaction)
            guard model.status == .trained || model.status == .hostingFailed else {
                throw WireError.conflict(
                    "The model is \(model.status.rawValue); only a TRAINED model can be started.",
                    .model, "\(model.project)/\(model.version)")
            }
            model.status = .startingHosting
            model.statusMessage = nil
            model.minInferenceUnits = request.minInferenceUnits
            model.maxInferenceUnits = request.maxInferenceUnits
            try transaction.save(model)
            let job = JobSubject.startHosting(project: model.project, version: model.version)
            try transaction.save(try job.record(created: now))
            return HostingResponse(status: model.status)
        }
    }
}
