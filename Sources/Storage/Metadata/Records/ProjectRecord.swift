package import FoundationEssentials

/// A project, under which datasets, models and packaging jobs are kept.
package struct ProjectRecord: Sendable, Codable, Equatable {
    /// Unique in the account; it never changes.
    package var name: String
    package var created: Date
    /// Version of the newest model; versions are never used twice.
    package var lastModelVersion = 0
    /// nil for a project that was never given any.
    package var settings: ProjectSettings?

    /// A project without models and settings.
    package init(name: String, created: Date) {
        self.name = name
        self.created = created
    }
}

/// What the owner of the server may choose for a project; it counts from the next training on.
package struct ProjectSettings: Sendable, Codable, Equatable {
    /// SHA-256 of the backbone's file, in lower-case hex; nil takes the server's default.
    package var backbone: String?
    /// Whether images may have different sizes; nil is no.
    package var acceptsMixedSizes: Bool?
    /// Share of normal images that may be called anomalous, which the next thresholds are placed
    /// by; nil leaves them where training finds the best F1.
    package var falseAlarmRate: Double?
    /// What judging an image may take with one thread on the machine that trains, in milliseconds;
    /// nil sets no bound.
    package var latencyMillisecondsMax: Double?

    /// The server's defaults.
    package init() {}
}
