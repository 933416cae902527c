package import FoundationEssentials

package enum PackagingStatus: String, Codable, Sendable, CaseIterable {
    case created = "CREATED"
    case running = "RUNNING"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
}

package struct GreengrassConfiguration: Codable, Sendable, Equatable {
    package var compilerOptions: String?
    package var targetDevice: String?
    package var targetPlatform: TargetPlatform?
    package var s3OutputLocation: S3Location
    package var componentName: String
    package var componentVersion: String?
    package var componentDescription: String?
    package var tags: [Tag]?
}

package struct TargetPlatform: Codable, Sendable, Equatable {
    package var os: String
    package var arch: String
    package var accelerator: String?

    package init(os: String, arch: String, accelerator: String?) {
        self.os = os
        self.arch = arch
        self.accelerator = accelerator
    }
}

package struct ModelPackagingConfiguration: Codable, Sendable, Equatable {
    package var greengrass: GreengrassConfiguration
}

package struct StartModelPackagingJobRequest: Codable, Sendable {
    package var projectName: String
    package var modelVersion: String
    package var jobName: String?
    package var configuration: ModelPackagingConfiguration
    package var description: String?
    package var clientToken: String?
}

package struct StartModelPackagingJobResponse: Codable, Sendable {
    package var jobName: String

    package init(jobName: String) { self.jobName = jobName }
}

package struct DescribeModelPackagingJobRequest: Codable, Sendable {
    package var projectName: String
    package var jobName: String
}

package struct DescribeModelPackagingJobResponse: Codable, Sendable {
    package var modelPackagingDescription: ModelPackagingDescription

    package init(modelPackagingDescription: ModelPackagingDescription) {
        self.modelPackagingDescription = modelPackagingDescription
    }
}

package struct GreengrassOutputDetails: Codable, Sendable, Equatable {
    package var componentVersionArn: String
    package var componentName: String
    package var componentVersion: String

    package init(componentVersionArn: String, componentName: String, componentVersion: String) {
        self.componentVersionArn = componentVersionArn
        self.componentName = componentName
        self.componentVersion = componentVersion
    }
}

package struct ModelPackagingOutputDetails: Codable, Sendable, Equatable {
    package var greengrass: GreengrassOutputDetails

    package init(greengrass: GreengrassOutputDetails) { self.greengrass = greengrass }
}

/// A packaging job as ListModelPackagingJobs shows it.
package struct ModelPackagingJobMetadata: Codable, Sendable {
    package var jobName: String
    package var projectName: String
    package var modelVersion: String
    package var modelPackagingJobDescription: String?
    package var modelPackagingMethod = "Greengrass"
    package var status: PackagingStatus
    package var statusMessage: String?
    package var creationTimestamp: Date
    package var lastUpdatedTimestamp: Date

    package init(
        jobName: String, projectName: String, modelVersion: String,
        modelPackagingJobDescription: String?, status: PackagingStatus, statusMessage: String?,
        creationTimestamp: Date, lastUpdatedTimestamp: Date
    ) {
        self.jobName = jobName
        self.projectName = projectName
        self.modelVersion = modelVersion
        self.modelPackagingJobDescription = modelPackagingJobDescription
        self.status = status
        self.statusMessage = statusMessage
        self.creationTimestamp = creationTimestamp
        self.lastUpdatedTimestamp = lastUpdatedTimestamp
    }
}

/// A packaging job as DescribeModelPackagingJob shows it: the metadata and what the list leaves
/// out.
package struct ModelPackagingDescription: Codable, Sendable {
    private enum CodingKeys: String, CodingKey {
        case modelPackagingConfiguration, modelPackagingOutputDetails
    }

    package var metadata: ModelPackagingJobMetadata
    package var modelPackagingConfiguration: ModelPackagingConfiguration
    package var modelPackagingOutputDetails: ModelPackagingOutputDetails?

    package init(
        metadata: ModelPackagingJobMetadata, configuration: ModelPackagingConfiguration,
        output: ModelPackagingOutputDetails?
    ) {
        self.metadata = metadata
        modelPackagingConfiguration = configuration
        modelPackagingOutputDetails = output
    }

    package init(from decoder: any Decoder) throws {
        metadata = try ModelPackagingJobMetadata(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        modelPackagingConfiguration = try container.decode(
            ModelPackagingConfiguration.self, forKey: .modelPackagingConfiguration)
        modelPackagingOutputDetails = try container.decodeIfPresent(
            ModelPackagingOutputDetails.self, forKey: .modelPackagingOutputDetails)
    }

    package func encode(to encoder: any Encoder) throws {
        try metadata.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(modelPackagingConfiguration, forKey: .modelPackagingConfiguration)
        try container.encodeIfPresent(
            modelPackagingOutputDetails, forKey: .modelPackagingOutputDetails)
    }
}

package struct ListModelPackagingJobsRequest: Codable, Sendable {
    package var projectName: String
    package var nextToken: String?
    package var maxResults: Int?
}

package struct ListModelPackagingJobsResponse: Codable, Sendable {
    package var modelPackagingJobs: [ModelPackagingJobMetadata]
    package var nextToken: String?

    package init(modelPackagingJobs: [ModelPackagingJobMetadata], nextToken: String?) {
        self.modelPackagingJobs = modelPackagingJobs
        self.nextToken = nextToken
    }
}
