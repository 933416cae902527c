import Access
import Storage
import Wire

extension Operations {
    /// A project goes with its packaging jobs, also those at work, but not while it has datasets or
    /// models.
    func deleteProject(_ request: DeleteProjectRequest) async throws -> DeleteProjectResponse {
        let (name, arns, now) = (request.projectName, context.arns, context.now())
        return try await mutate(
            .deleteProject, request, token: request.clientToken, project: name,
            isOver: { transaction, _ in try transaction.project(name) != nil }
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
            // A worker that has one of them learns of it with the next renewal, and writes nothing.
            for var job in try transaction.openJobs(project: name) {
                job.cancel(reason: "The project was deleted.", now: now)
                try transaction.save(job)
            }
            try transaction.removeProject(name)
            return DeleteProjectResponse(projectArn: arns.project(name))
        }
    }
}
