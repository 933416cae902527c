package import FoundationEssentials
package import Wire

/// A packaging job: a model that becomes a component of Greengrass.
package struct PackagingRecord: Sendable, Codable, Equatable {
    /// What the first attempt found. Later ones take the same, so that the package is the same
    /// model with the same threshold.
    package struct Basis: Sendable, Codable, Equatable {
        /// The model's own threshold, in units of the score; nil takes the trained one.
        package var threshold: Double?

        package init(threshold: Double?) { self.threshold = threshold }
    }

    package var project: String
    /// Unique in the project.
    package var jobName: String
    /// The version of the project's model that is packaged.
    package var modelVersion: Int
    /// As the caller gave it; a component version that it leaves out is filled in elsewhere.
    package var configuration: ModelPackagingConfiguration
    /// As the caller gave it, for the job; the component has a description of its own.
    package var description: String?
    package var status: PackagingStatus
    /// Why the job failed, for people; nil otherwise.
    package var statusMessage: String?
    package var created: Date
    /// When the status last changed.
    package var updated: Date
    /// The component that was made; nil before the job has succeeded.
    package var output: ModelPackagingOutputDetails?
    /// nil before the first attempt.
    package var basis: Basis?
    /// nil in records that were made before they had one; their jobs resolve it when they begin.
    package var target: PackagingTarget?

    /// A job that has been created and not begun.
    package init(
        project: String, jobName: String, modelVersion: Int,
        configuration: ModelPackagingConfiguration, target: PackagingTarget? = nil,
        description: String?, created: Date
    ) {
        self.project = project
        self.jobName = jobName
        self.modelVersion = modelVersion
        self.configuration = configuration
        self.target = target
        self.description = description
        status = .created
        self.created = created
        updated = created
    }
}
