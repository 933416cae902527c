package import FoundationEssentials
import Storage
package import Wire

/// What became of a change of a dataset that UpdateDatasetEntries accepted.
package enum ChangeOutcome: Sendable, Equatable {
    /// Its job has not ended.
    case open
    /// All of it is in the dataset.
    case made
    /// Nothing of it is in the dataset, for this reason.
    case refused(String)
}

extension Operations {
    /// What became of one change of a dataset, whatever was changed after it.
    ///
    /// - Parameter job: as `CallOptions.job` gave it.
    /// - Throws: `accessDenied` without DescribeDataset; `resourceNotFound` for a dataset that is
    ///   gone, and for a change that it never had or that ended long ago.
    package func outcome(
        ofChange job: UUID, in project: String, _ type: DatasetType
    ) async throws -> ChangeOutcome {
        try await authorize(.describeDataset, .object(["ProjectName": .string(project)]))
        return try await context.metadata.read { transaction in
            _ = try Lookup.dataset(project, type, transaction)
            guard let record = try transaction.job(job),
                case .updateEntries(project, type, _) = try JobSubject(of: record)
            else {
                throw WireError(
                    .resourceNotFound,
                    "The \(type.rawValue) dataset of \(project) has no such change.")
            }
            return switch record.state {
            case .queued, .running: .open
            case .finished: .made
            case .failed: .refused(UpdateJob.refusal(record.lastError ?? ""))
            }
        }
    }
}
