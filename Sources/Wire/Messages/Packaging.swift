package import FoundationEssentials

/// What a packaging job is at: CREATED waits for a worker, RUNNING is at work, the others last.
package enum PackagingStatus: String, Codable, Sendable, CaseIterable {
    case created = "CREATED"
    case running = "RUNNING"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"

    /// The status message where nothing more is known.
    package var message: String {
        switch self {
        case .created: "The packaging job waits for a worker."
        case .running: "The model is being packaged."
        case .succeeded: "The model was packaged."
        case .failed: "The model could not be packaged."
        }
    }
}

/// The component to make, and the device that it is for. Exactly one of `targetDevice` and
/// `targetPlatform` is given.
package struct GreengrassConfiguration: Codable, Sendable, Equatable {
    /// A JSON object in a string of 3 to 1024 characters. With NVIDIA it must have `gpu-code`,
    /// `trt-ver` and `cuda-ver`; without, it may have `mcpu`. nil is no options.
    package var compilerOptions: String?
    /// `jetson_xavier`, or nil.
    package var targetDevice: String?
    /// nil when a device is named.
    package var targetPlatform: TargetPlatform?
    /// Gets the archive with the model.
    package var s3OutputLocation: S3Location
    /// 1 to 128 letters, digits and `-_.`.
    package var componentName: String
    /// `MAJOR.MINOR.PATCH`; nil is the model's version as the major one.
    package var componentVersion: String?
    /// 1 to 256 characters for the recipe; nil is none.
    package var componentDescription: String?
    /// Tags of the component, not of the model; 50 at most. nil is none.
    package var tags: [Tag]?
}

/// What a component runs on, when it is not a named device.
package struct TargetPlatform: Codable, Sendable, Equatable {
    /// `LINUX`.
    package var os: String
    /// `ARM64` or `X86_64`.
    package var arch: String
    /// `NVIDIA`; nil is the CPU.
    package var accelerator: String?

    package init(os: String, arch: String, accelerator: String?) {
        self.os = os
        self.arch = arch
        self.accelerator = accelerator
    }
}

/// What a model is packaged as; Greengrass is the only way there is.
package struct ModelPackagingConfiguration: Codable, Sendable, Equatable {
    /// Required.
    package var greengrass: GreengrassConfiguration
}

/// Input of StartModelPackagingJob, which needs a TRAINED or HOSTED model.
package struct StartModelPackagingJobRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// A number from 1 up, or `latest` for the newest version of the project.
    package var modelVersion: String
    /// 1 to 64 letters, digits and `-`, unique in the project; nil gets a UUID.
    package var jobName: String?
    /// Kept as it is given and shown again; target and options are checked before the answer.
    package var configuration: ModelPackagingConfiguration
    /// 1 to 256 characters; nil is none.
    package var description: String?
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// Output of StartModelPackagingJob.
package struct StartModelPackagingJobResponse: Codable, Sendable {
    /// The name that was given, or the one that was made.
    package var jobName: String

    package init(jobName: String) { self.jobName = jobName }
}

/// Input of DescribeModelPackagingJob.
package struct DescribeModelPackagingJobRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// 1 to 64 letters, digits and `-`, unique in the project.
    package var jobName: String
}

/// Output of DescribeModelPackagingJob.
package struct DescribeModelPackagingJobResponse: Codable, Sendable {
    /// The job with its configuration and, when it succeeded, what it made.
    package var modelPackagingDescription: ModelPackagingDescription

    package init(modelPackagingDescription: ModelPackagingDescription) {
        self.modelPackagingDescription = modelPackagingDescription
    }
}

/// The component version that a packaging job made.
package struct GreengrassOutputDetails: Codable, Sendable, Equatable {
    /// `arn:aws:greengrass:REGION:ACCOUNT:components:NAME:versions:VERSION`.
    package var componentVersionArn: String
    /// As the configuration has it.
    package var componentName: String
    /// As the configuration has it, or `MODELVERSION.0.0`.
    package var componentVersion: String

    package init(componentVersionArn: String, componentName: String, componentVersion: String) {
        self.componentVersionArn = componentVersionArn
        self.componentName = componentName
        self.componentVersion = componentVersion
    }
}

/// What a packaging job made.
package struct ModelPackagingOutputDetails: Codable, Sendable, Equatable {
    /// There for every job that succeeded.
    package var greengrass: GreengrassOutputDetails

    package init(greengrass: GreengrassOutputDetails) { self.greengrass = greengrass }
}

/// A packaging job as ListModelPackagingJobs shows it.
package struct ModelPackagingJobMetadata: Codable, Sendable {
    /// 1 to 64 letters, digits and `-`, unique in the project.
    package var jobName: String
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// The number of the version that is packaged, also when `latest` was asked for.
    package var modelVersion: String
    /// As StartModelPackagingJob gave it; nil when it gave none.
    package var modelPackagingJobDescription: String?
    /// Always `Greengrass`.
    package var modelPackagingMethod = "Greengrass"
    /// The state of the job when the answer was made.
    package var status: PackagingStatus
    /// What the status means, for people: never empty, since programs read it without asking.
    package var statusMessage: String
    /// When the resource was made, in seconds since 1970 on the wire.
    package var creationTimestamp: Date
    /// When the status last changed.
    package var lastUpdatedTimestamp: Date

    package init(
        jobName: String, projectName: String, modelVersion: String,
        modelPackagingJobDescription: String?, status: PackagingStatus, statusMessage: String,
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

    /// Its members stand beside the others on the wire, not in an object of their own.
    package var metadata: ModelPackagingJobMetadata
    /// As it was given, without defaults.
    package var modelPackagingConfiguration: ModelPackagingConfiguration
    /// nil until the job has succeeded.
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

/// Input of ListModelPackagingJobs.
package struct ListModelPackagingJobsRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Opaque position of the next page. In a request nil or empty begins the list; in an answer
    /// nil ends it.
    package var nextToken: String?
    /// 1 to 100 items of a page; nil is 100.
    package var maxResults: Int?
}

/// Output of ListModelPackagingJobs.
package struct ListModelPackagingJobsResponse: Codable, Sendable {
    /// Newest first.
    package var modelPackagingJobs: [ModelPackagingJobMetadata]
    /// Opaque position of the next page. In a request nil or empty begins the list; in an answer
    /// nil ends it.
    package var nextToken: String?

    package init(modelPackagingJobs: [ModelPackagingJobMetadata], nextToken: String?) {
        self.modelPackagingJobs = modelPackagingJobs
        self.nextToken = nextToken
    }
}
