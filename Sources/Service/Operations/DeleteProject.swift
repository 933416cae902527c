import Access
import Storage
import Wire

extension Operations {
    /// A project goes with its packaging jobs, but not while it has datasets or models.
    func deleteProject(_ request: DeleteProjectRequest) async throws -> DeleteProjectResponse {
        let (name, arns) = (request.projectName, context.arns)
        return try await mutate(
            .deleteProject, request, token: request.clientToken, project: name
        ) { transaction in
            _ = try Lookup.project(name, transaction)
            let datasets = try transaction.datasets(name).map { "a \($0.type.rawValue) dataset" }
            let models = try transaction.countModels(name)
            let left =
                datasets + (models == 0 ? [] : [models == 1 ? "a model" : "\(models) models"])
            guard left.isEmpty else {
                throw WireError.conflict(
                    "The project \(name) still has \(left.joined(separator: " and ")). Delete "
                        + "them first.", .project, name)
            }
            try transaction.removeProject(name)
            return DeleteProjectResponse(projectArn: arns.project(name))
        }
    }
}
