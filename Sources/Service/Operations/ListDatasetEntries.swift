import FoundationEssentials
import Storage
import Wire

extension Operations {
    /// Newest first.
    func listDatasetEntries(_ request: ListDatasetEntriesRequest) async throws
        -> ListDatasetEntriesResponse
    {
        var filter = EntryFilter(project: request.projectName, type: request.datasetType)
        filter.isLabeled = request.labeled
        filter.verdict = request.anomalyClass
        filter.createdBefore = request.beforeCreationDate
        filter.createdAfter = request.afterCreationDate
        filter.sourceRefPart = request.sourceRefContains
        let list = "entries \(filter)"
        let (limit, position) = try paging(request.maxResults, request.nextToken, list: list)
        let found = try await context.metadata.read { [filter] transaction in
            _ = try Lookup.dataset(request.projectName, request.datasetType, transaction)
            return try transaction.entries(
                matching: filter, before: position.flatMap { Int($0) }, limit: limit + 1)
        }
        let (entries, token) = page(found, limit: limit, list: list) { String($0.position) }
        return ListDatasetEntriesResponse(
            datasetEntries: entries.map(\.entry.line), nextToken: token)
    }
}
