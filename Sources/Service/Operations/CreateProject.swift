import Storage
import Wire

extension Operations {
    func createProject(_ request: CreateProjectRequest) async throws -> CreateProjectResponse {
        let (name, now, arns) = (request.projectName, context.now(), context.arns)
        let projectsMax = context.limits.projectsMax
        return try await mutate(
            .createProject, request, token: request.clientToken, project: name,
            isOver: { transaction, answered in
                answered.precedes(try transaction.project(name)?.created)
            }
        ) { transaction in
            guard try transaction.project(name) == nil else {
                throw WireError.conflict("The project \(name) already exists.", .project, name)
            }
            guard try transaction.countProjects() < projectsMax else {
                throw WireError.quotaExceeded(
                    "There are \(projectsMax) projects already. Delete one first.",
                    quota: "projects")
            }
            let project = ProjectRecord(name: name, created: now)
            try transaction.save(project)
            return CreateProjectResponse(projectMetadata: project.metadata(arns))
        }
    }
}
