package import Service
package import Vision

/// What a server needs to know.
package struct ServerConfiguration: Sendable {
    package var dataDirectory: String
    package var hostname: String
    /// 0 takes a free one.
    package var port: Int
    package var region: String
    package var accountID: String
    package var limits = AdjustableLimits()
    package var metricsAccess = MetricsAccess.local
    package var metadata = MetadataChoice.embedded
    package var objectStore = ObjectStoreChoice.directory
    package var greengrass = GreengrassChoice.embedded
    /// Bucket of the other S3 for models, backbones and components, which other servers and workers
    /// use too; nil keeps them in the data directory.
    package var stateBucket: String?
    /// Whether models that load are kept for calls.
    package var answersCalls = true
    /// What is worked on beside the answers; none leaves jobs to workers.
    package var lanes = WorkerLane.standard
    /// ONNX file that takes the place of the backbone that comes with Spotter.
    package var backbonePath: String?
    /// In place of those in the backbone's file.
    package var backboneAnnotations = BackboneAnnotations()

    /// Whether other processes share all that this one keeps.
    package var isCluster: Bool { stateBucket != nil }

    package init(
        dataDirectory: String, hostname: String, port: Int, region: String, accountID: String
    ) {
        self.dataDirectory = dataDirectory
        self.hostname = hostname
        self.port = port
        self.region = region
        self.accountID = accountID
    }
}

/// Where the objects of users lie.
package enum ObjectStoreChoice: Sendable, Equatable {
    /// In the data directory.
    case directory
    /// In another S3; AWS' own for no endpoint, the region of the environment or the server's own
    /// for no region.
    case s3(endpoint: String?, region: String?)
}

/// Where packaging jobs register their components.
package enum GreengrassChoice: Sendable, Equatable {
    /// In the data directory.
    case embedded
    /// In the real one, in the server's own region and account; AWS' own for no endpoint.
    case aws(endpoint: String?)
}

/// Who may read the metrics: they name projects, and need no signature.
package enum MetricsAccess: String, Sendable, CaseIterable {
    case everyone
    case local
    case nobody
}
