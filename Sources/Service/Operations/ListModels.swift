import Storage
import Wire

extension Operations {
    /// Newest first.
    func listModels(_ request: ListModelsRequest) async throws -> ListModelsResponse {
        let list = "models of \(request.projectName)"
        let (limit, position) = try paging(request.maxResults, request.nextToken, list: list)
        let found = try await context.metadata.read { transaction in
            _ = try Lookup.project(request.projectName, transaction)
            return try transaction.models(
                request.projectName, before: position.flatMap { Int($0) }, limit: limit + 1)
        }
        let (models, token) = page(found, limit: limit, list: list) { String($0.version) }
        return ListModelsResponse(
            models: models.map { $0.metadata(context.arns) }, nextToken: token)
    }
}
