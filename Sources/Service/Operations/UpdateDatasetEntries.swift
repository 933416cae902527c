import FoundationEssentials
import Storage
import Wire

extension Operations {
    /// Keeps the changes for a job, which applies all of them or none.
    ///
    /// - Parameter id: of that job.
    func updateDatasetEntries(
        _ request: UpdateDatasetEntriesRequest, job id: UUID
    ) async throws -> UpdateDatasetEntriesResponse {
        let (project, type, now) = (request.projectName, request.datasetType, context.now())
        return try await mutate(
            .updateDatasetEntries, request, token: request.clientToken, project: project,
            isOver: { transaction, answered in
                // Made again since, the dataset lacks what the first call added.
                answered.precedes(try transaction.dataset(project, type)?.created)
            }
        ) { transaction in
            var dataset = try Lookup.dataset(project, type, transaction)
            try Self.checkIdle(dataset)
            guard dataset.status != .createFailed else {
                throw WireError.conflict(
                    "The \(type.rawValue) dataset of \(project) is CREATE_FAILED. Delete it and "
                        + "create it again.", .dataset, "\(project)/\(type.rawValue)")
            }
            dataset.status = .updateInProgress
            dataset.say(nil)
            dataset.updated = now
            try transaction.save(dataset)
            try transaction.saveChange(request.changes, project: project, type: type)
            let job = JobSubject.updateEntries(
                project: project, type: type, reader: PictureReader(caller))
            try transaction.save(try job.record(id, created: now))
            return UpdateDatasetEntriesResponse(status: dataset.status)
        }
    }
}
