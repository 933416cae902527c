import Storage
package import Wire

extension Operations {
    /// The lines of single images of a dataset.
    ///
    /// - Returns: by reference, those that the dataset has.
    /// - Throws: `accessDenied` without ListDatasetEntries; `resourceNotFound`.
    package func lines(
        of sources: [String], in project: String, _ type: DatasetType
    ) async throws -> [String: String] {
        try await authorize(.listDatasetEntries, .object(["ProjectName": .string(project)]))
        return try await context.metadata.read { transaction in
            _ = try Lookup.dataset(project, type, transaction)
            return try transaction.lines(of: sources, project: project, type: type)
        }
    }
}
