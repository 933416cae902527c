import Storage
import Wire

extension Operations {
    func listProjects(_ request: ListProjectsRequest) async throws -> ListProjectsResponse {
        let list = "projects"
        let (limit, position) = try paging(request.maxResults, request.nextToken, list: list)
        let found = try await context.metadata.read {
            try $0.projects(after: position, limit: limit + 1)
        }
        let (projects, token) = page(found, limit: limit, list: list) { $0.name }
        return ListProjectsResponse(
            projects: projects.map { $0.metadata(context.arns) }, nextToken: token)
    }
}
