package import FoundationEssentials
package import Wire

package struct ProjectRecord: Sendable, Codable, Equatable {
    package var name: String
    package var created: Date
    /// Version of the newest model; versions are never used twice.
    package var lastModelVersion = 0
    /// nil for a project that was never given any.
    package var settings: ProjectSettings?

    package init(name: String, created: Date) {
        self.name = name
        self.created = created
    }
}

/// What the owner of the server may choose for a project; it counts from the next training on.
package struct ProjectSettings: Sendable, Codable, Equatable {
    /// SHA-256 of the backbone's file; nil takes the server's default.
    package var backbone: String?
    /// Whether images may have different sizes; nil is no.
    package var acceptsMixedSizes: Bool?

    package init() {}
}

package struct DatasetRecord: Sendable, Codable, Equatable {
    package var project: String
    package var type: DatasetType
    package var created: Date
    package var updated: Date
    package var status: DatasetStatus
    package var statusMessage: String?
    package var stats = ImageStats()

    package init(project: String, type: DatasetType, created: Date, status: DatasetStatus) {
        self.project = project
        self.type = type
        self.created = created
        updated = created
        self.status = status
    }
}

/// One line of a dataset.
package struct DatasetEntry: Sendable, Codable, Equatable {
    package var sourceRef: String
    /// The JSON line as it was given.
    package var line: String
    /// `normal`, `anomaly` or nil for an image without a label.
    package var verdict: String?
    package var created: Date

    package init(sourceRef: String, line: String, verdict: String?, created: Date) {
        self.sourceRef = sourceRef
        self.line = line
        self.verdict = verdict
        self.created = created
    }
}

/// Which entries of a dataset are asked for; nil members ask for all.
package struct EntryFilter: Sendable {
    package var project: String
    package var type: DatasetType
    package var isLabeled: Bool?
    /// `normal` or `anomaly`.
    package var verdict: String?
    package var createdBefore: Date?
    package var createdAfter: Date?
    /// A part of `sourceRef`.
    package var sourceRefPart: String?

    package init(project: String, type: DatasetType) {
        self.project = project
        self.type = type
    }
}

package struct ModelRecord: Sendable, Codable, Equatable {
    package var project: String
    package var version: Int
    package var created: Date
    package var description: String?
    package var status: ModelStatus
    package var statusMessage: String?
    package var output: S3Location
    package var kmsKeyID: String?
    package var performance: ModelPerformance?
    package var evaluationManifest: OutputS3Object?
    package var evaluationResult: OutputS3Object?
    package var evaluationEnd: Date?
    package var minInferenceUnits: Int?
    package var maxInferenceUnits: Int?
    /// Takes the place of the trained threshold; in units of the score.
    package var threshold: Double?
    /// Folder of the model's files, as `ModelLibrary` says; nil for models of before.
    package var files: String?

    package init(
        project: String, version: Int, created: Date, description: String?, output: S3Location,
        kmsKeyID: String?
    ) {
        self.project = project
        self.version = version
        self.created = created
        self.description = description
        status = .training
        self.output = output
        self.kmsKeyID = kmsKeyID
    }
}

package struct PackagingRecord: Sendable, Codable, Equatable {
    /// What the first attempt found. Later ones take the same, so that the package is the same
    /// model with the same threshold.
    package struct Basis: Sendable, Codable, Equatable {
        /// The model's, in place of the trained one; nil for that.
        package var threshold: Double?

        package init(threshold: Double?) { self.threshold = threshold }
    }

    package var project: String
    package var jobName: String
    package var modelVersion: Int
    package var configuration: ModelPackagingConfiguration
    package var description: String?
    package var status: PackagingStatus
    package var statusMessage: String?
    package var created: Date
    package var updated: Date
    package var output: ModelPackagingOutputDetails?
    /// nil before the first attempt.
    package var basis: Basis?

    package init(
        project: String, jobName: String, modelVersion: Int,
        configuration: ModelPackagingConfiguration, description: String?, created: Date
    ) {
        self.project = project
        self.jobName = jobName
        self.modelVersion = modelVersion
        self.configuration = configuration
        self.description = description
        status = .created
        self.created = created
        updated = created
    }
}

/// A piece of long work that survives a crash.
package struct JobRecord: Sendable, Codable, Equatable {
    package enum State: String, Sendable, Codable {
        case queued
        case running
        case finished
        case failed
    }

    package var id: UUID
    /// What is to be done and to what; the meaning belongs to the service.
    package var kind: String
    package var subject: Data
    /// The project that the work is for; nil in jobs of before there were shares.
    package var project: String?
    /// What stands for the priority of jobs without one, as in the schema.
    static let priorityDefault = 2
    /// Jobs that are removed at once: far less than what a statement may take.
    static let removedMax = 10_000

    /// Jobs of lower numbers go first; nil in older jobs.
    package var priority: Int?
    package var state = State.queued
    /// How often the work has been begun. It only grows: with the job's id it names an attempt.
    package var attempt = 0
    /// Attempts that ended with a passing error; nil is none.
    package var failures: Int?
    /// Attempts that were given back untouched; nil is none.
    package var releases: Int?
    /// When the newest attempt began.
    package var claimed: Date?
    package var leaseOwner: UUID?
    package var leaseExpiry: Date?
    /// When it may be begun.
    package var notBefore: Date
    package var created: Date
    package var lastError: String?

    package init(
        id: UUID, kind: String, subject: Data, project: String? = nil, priority: Int? = nil,
        created: Date
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.project = project
        self.priority = priority
        self.created = created
        notBefore = created
    }
}

/// How many jobs of a kind are in a state that is not their last.
package struct JobCount: Sendable, Equatable {
    package var kind: String
    package var state: JobRecord.State
    package var count: Int
    /// When the oldest of them could have begun.
    package var oldest: Date

    package init(kind: String, state: JobRecord.State, count: Int, oldest: Date) {
        self.kind = kind
        self.state = state
        self.count = count
        self.oldest = oldest
    }
}

/// Somebody who may do what a policy allows. Descriptions leave the secret out.
package struct UserRecord: Sendable, Codable, Equatable, CustomStringConvertible {
    package var name: String
    package var accessKeyID: String
    package var secretAccessKey: String
    /// The policy document as it was given.
    package var policy: String
    package var created: Date
    /// When the key was made.
    package var keyCreated: Date

    package init(
        name: String, accessKeyID: String, secretAccessKey: String, policy: String, created: Date
    ) {
        self.name = name
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.policy = policy
        self.created = created
        keyCreated = created
    }

    package var description: String { "UserRecord(\(name), \(accessKeyID))" }
}

/// The remembered answer of a call that carried a client token.
package struct TokenRecord: Sendable, Codable, Equatable {
    /// Operation and token.
    package var key: String
    /// Tells whether the call is repeated with the same parameters.
    package var requestDigest: String
    package var response: Data
    package var created: Date

    package init(key: String, requestDigest: String, response: Data, created: Date) {
        self.key = key
        self.requestDigest = requestDigest
        self.response = response
        self.created = created
    }
}
