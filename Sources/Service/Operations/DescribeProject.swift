import Access
import Storage
import Wire

extension Operations {
    func describeProject(_ request: DescribeProjectRequest) async throws -> DescribeProjectResponse
    {
        let arns = context.arns
        return try await context.metadata.read { transaction in
            let project = try Lookup.project(request.projectName, transaction)
            return DescribeProjectResponse(
                projectDescription: ProjectDescription(
                    projectArn: arns.project(project.name), projectName: project.name,
                    creationTimestamp: project.created,
                    datasets: try transaction.datasets(project.name).map(\.metadata)))
        }
    }
}
