package import FoundationEssentials

/// Input of CreateProject, which makes an empty project.
package struct CreateProjectRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// Output of CreateProject.
package struct CreateProjectResponse: Codable, Sendable {
    /// The project that was made, or that the same token had made before.
    package var projectMetadata: ProjectMetadata

    package init(projectMetadata: ProjectMetadata) { self.projectMetadata = projectMetadata }
}

/// A project as CreateProject and ListProjects show it.
package struct ProjectMetadata: Codable, Sendable {
    /// `arn:aws:lookoutvision:REGION:ACCOUNT:project/NAME`.
    package var projectArn: String
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// When the resource was made, in seconds since 1970 on the wire.
    package var creationTimestamp: Date

    package init(projectArn: String, projectName: String, creationTimestamp: Date) {
        self.projectArn = projectArn
        self.projectName = projectName
        self.creationTimestamp = creationTimestamp
    }
}

/// Input of DeleteProject, which refuses a project that has datasets or models.
package struct DeleteProjectRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// Output of DeleteProject.
package struct DeleteProjectResponse: Codable, Sendable {
    /// ARN of the project that is gone.
    package var projectArn: String

    package init(projectArn: String) { self.projectArn = projectArn }
}

/// Input of DescribeProject.
package struct DescribeProjectRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
}

/// Output of DescribeProject.
package struct DescribeProjectResponse: Codable, Sendable {
    /// The project with its datasets, read in one transaction.
    package var projectDescription: ProjectDescription

    package init(projectDescription: ProjectDescription) {
        self.projectDescription = projectDescription
    }
}

/// A project as DescribeProject shows it.
package struct ProjectDescription: Codable, Sendable {
    /// `arn:aws:lookoutvision:REGION:ACCOUNT:project/NAME`.
    package var projectArn: String
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// When the resource was made, in seconds since 1970 on the wire.
    package var creationTimestamp: Date
    /// At most one of each type; empty for a new project.
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

/// Input of ListProjects.
package struct ListProjectsRequest: Codable, Sendable {
    /// Opaque position of the next page. In a request nil or empty begins the list; in an answer
    /// nil ends it.
    package var nextToken: String?
    /// 1 to 100 items of a page; nil is 100.
    package var maxResults: Int?
}

/// Output of ListProjects.
package struct ListProjectsResponse: Codable, Sendable {
    /// In the order of their names.
    package var projects: [ProjectMetadata]
    /// Opaque position of the next page. In a request nil or empty begins the list; in an answer
    /// nil ends it.
    package var nextToken: String?

    package init(projects: [ProjectMetadata], nextToken: String?) {
        self.projects = projects
        self.nextToken = nextToken
    }
}
