import Storage
import Wire

extension Operations {
    /// Removes a dataset with its entries, never its images.
    func deleteDataset(_ request: DeleteDatasetRequest) async throws -> EmptyResponse {
        let (project, type) = (request.projectName, request.datasetType)
        return try await mutate(
            .deleteDataset, request, token: request.clientToken, project: project,
            isOver: { transaction, _ in try transaction.dataset(project, type) != nil }
        ) { transaction in
            let dataset = try Lookup.dataset(project, type, transaction)
            try Self.checkIdle(dataset)
            if let model = try transaction.models(project, before: nil, limit: .max)
                .first(where: { $0.status == .training })
            {
                throw WireError.conflict(
                    "The model \(project)/\(model.version) is being trained with the "
                        + "\(type.rawValue) dataset. Wait until it is done.", .dataset,
                    "\(project)/\(type.rawValue)")
            }
            try transaction.removeDataset(project, type)
            return EmptyResponse()
        }
    }

    /// - Throws: `conflict` while a job works on the dataset.
    static func checkIdle(_ dataset: DatasetRecord) throws {
        switch dataset.status {
        case .createComplete, .createFailed, .updateComplete, .updateFailedRollbackComplete,
            .deleteFailed:
            return
        case .createInProgress, .updateInProgress, .updateFailedRollbackInProgress,
            .deleteInProgress, .deleteComplete:
            throw WireError.conflict(
                "The \(dataset.type.rawValue) dataset of \(dataset.project) is "
                    + "\(dataset.status.rawValue). Wait until that is done.", .dataset,
                "\(dataset.project)/\(dataset.type.rawValue)")
        }
    }
}
