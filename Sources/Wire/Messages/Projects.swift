package import FoundationEssentials

package struct CreateProjectRequest: Codable, Sendable {
    package var projectName: String
    package var clientToken: String?
}

package struct CreateProjectResponse: Codable, Sendable {
    package var projectMetadata: ProjectMetadata

    package init(projectMetadata: ProjectMetadata) { self.projectMetadata = projectMetadata }
}

package struct ProjectMetadata: Codable, Sendable {
    package var projectArn: String
    package var projectName: String
    package var creationTimestamp: Date

    package init(projectArn: String, projectName: String, creationTimestamp: Date) {
        self.projectArn = projectArn
        self.projectName = projectName
        self.creationTimestamp = creationTimestamp
    }
}

package struct DeleteProjectRequest: Codable, Sendable {
    package var projectName: String
    package var clientToken: String?
}

package struct DeleteProjectResponse: Codable, Sendable {
    package var projectArn: String

    package init(projectArn: String) { self.projectArn = projectArn }
}

package struct DescribeProjectRequest: Codable, Sendable {
    package var projectName: String
}

package struct DescribeProjectResponse: Codable, Sendable {
    package var projectDescription: ProjectDescription

    package init(projectDescription: ProjectDescription) {
        self.projectDescription = projectDescription
    }
}

package struct ProjectDescription: Codable, Sendable {
    package var projectArn: String
    package var projectName: String
    package var creationTimestamp: Date
    package var datasets: [DatasetMetadata]

    package init(
        projectArn: String, projectName: String, creationTimestamp: Date,
        datasets: [DatasetMetadata]
    ) {
        self.projectArn = projectArn
        self.projectName = projectName
        self.creationTimestamp = creationTimestamp
        self.datasets = datasets
    }
}

package struct ListProjectsRequest: Codable, Sendable {
    package var nextToken: String?
    package var maxResults: Int?
}

package struct ListProjectsResponse: Codable, Sendable {
    package var projects: [ProjectMetadata]
    package var nextToken: String?

    package init(projects: [ProjectMetadata], nextToken: String?) {
        self.projects = projects
        self.nextToken = nextToken
    }
}
