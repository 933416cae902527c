package import Access

/// Where the servers of one installation keep everything: what `spotter serve` and all commands
/// that work on the same stores are given.
package struct StoresConfiguration: Sendable, Equatable {
    /// Folder of the database, objects, models and components, as far as the other members do not
    /// put them elsewhere. A cluster's server keeps only its root key, audit lines and temporary
    /// files there.
    package var dataDirectory: String
    /// Region that clients sign for and that ARNs name, such as `us-east-1`.
    package var region: String
    /// Account in ARNs: 12 digits.
    package var accountID: String
    /// The database of rows and jobs.
    package var metadata = MetadataChoice.embedded
    /// Where the backup goes that is made before a newer program changes the schema of the rows.
    package var upgradeBackup = UpgradePlace.dataDirectory
    /// The store of users' buckets.
    package var objectStore = ObjectStoreChoice.directory
    /// Bucket of the other S3 for models, backbones and components, which other servers and workers
    /// use too; nil keeps them in the data directory. It needs `.s3` and `.postgreSQL`.
    package var stateBucket: String?

    /// Whether other processes share everything that this one keeps.
    package var isCluster: Bool { stateBucket != nil }

    /// Makes the ARNs that clients see.
    package var arns: ARNs { ARNs(region: region, account: accountID) }

    /// One server's own stores: SQLite and directories in `dataDirectory`.
    package init(dataDirectory: String, region: String, accountID: String) {
        self.dataDirectory = dataDirectory
        self.region = region
        self.accountID = accountID
    }
}

/// Where the objects of users lie.
package enum ObjectStoreChoice: Sendable, Equatable {
    /// In the data directory.
    case directory
    /// In another S3. Without an endpoint it is Amazon's; without a region it is in the region of
    /// the environment or of the AWS profile, and else in the server's own.
    case s3(endpoint: String?, region: String?)
}
