package import FoundationEssentials

/// The two uses of a dataset. With `train` alone, training keeps one image in five of it for
/// testing.
package enum DatasetType: String, Codable, Sendable, CaseIterable {
    case train
    case test
}

/// What a dataset is at. `…IN_PROGRESS` waits for a job; a failed update leaves the entries as they
/// were, `UPDATE_FAILED_ROLLBACK_COMPLETE`.
package enum DatasetStatus: String, Codable, Sendable, CaseIterable {
    case createInProgress = "CREATE_IN_PROGRESS"
    case createComplete = "CREATE_COMPLETE"
    case createFailed = "CREATE_FAILED"
    case updateInProgress = "UPDATE_IN_PROGRESS"
    case updateComplete = "UPDATE_COMPLETE"
    case updateFailedRollbackInProgress = "UPDATE_FAILED_ROLLBACK_IN_PROGRESS"
    case updateFailedRollbackComplete = "UPDATE_FAILED_ROLLBACK_COMPLETE"
    case deleteInProgress = "DELETE_IN_PROGRESS"
    case deleteComplete = "DELETE_COMPLETE"
    case deleteFailed = "DELETE_FAILED"

    /// The status message where nothing more is known.
    package var message: String {
        switch self {
        case .createInProgress: "The dataset is being created from its manifest."
        case .createComplete: "The dataset was created without entries."
        case .createFailed: "The dataset could not be created."
        case .updateInProgress: "The entries are being updated."
        case .updateComplete: "The entries were updated."
        case .updateFailedRollbackInProgress: "The update failed and is being rolled back."
        case .updateFailedRollbackComplete: "The update failed, and nothing was changed."
        case .deleteInProgress: "The dataset is being deleted."
        case .deleteComplete: "The dataset was deleted."
        case .deleteFailed: "The dataset could not be deleted."
        }
    }
}

/// Input of CreateDataset.
package struct CreateDatasetRequest: Codable, Sendable {
    /// Where the entries of a new dataset come from.
    package struct Source: Codable, Sendable {
        /// Optional in the published shape; without it a source is refused.
        package var groundTruthManifest: GroundTruthManifest?
    }

    /// A manifest in a bucket.
    package struct GroundTruthManifest: Codable, Sendable {
        /// Optional in the published shape; without it a source is refused.
        package var s3Object: InputObject?
    }

    /// An object in a bucket that the server reads.
    package struct InputObject: Codable, Sendable {
        /// 3 to 63 characters.
        package var bucket: String
        /// 1 to 1024 characters, of a file of JSON lines.
        package var key: String
        /// Not used: buckets have no versions here.
        package var versionId: String?
    }

    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Which of the project's datasets, of which it has at most one each.
    package var datasetType: DatasetType
    /// nil makes an empty dataset that is complete at once.
    package var datasetSource: Source?
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// Output of CreateDataset.
package struct CreateDatasetResponse: Codable, Sendable {
    /// `CREATE_IN_PROGRESS` with a source, which a job then reads; `CREATE_COMPLETE` without.
    package var datasetMetadata: DatasetMetadata

    package init(datasetMetadata: DatasetMetadata) { self.datasetMetadata = datasetMetadata }
}

/// A dataset as CreateDataset and DescribeProject show it.
package struct DatasetMetadata: Codable, Sendable {
    /// Which of the project's datasets, of which it has at most one each.
    package var datasetType: DatasetType
    /// When the resource was made, in seconds since 1970 on the wire.
    package var creationTimestamp: Date
    /// The state of the dataset when the answer was made.
    package var status: DatasetStatus
    /// What the status means, for people: never empty, since programs read it without asking.
    package var statusMessage: String

    package init(
        datasetType: DatasetType, creationTimestamp: Date, status: DatasetStatus,
        statusMessage: String
    ) {
        self.datasetType = datasetType
        self.creationTimestamp = creationTimestamp
        self.status = status
        self.statusMessage = statusMessage
    }

    /// Reads an answer that was kept for a client token; earlier versions left the message out.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        datasetType = try members.decode(DatasetType.self, forKey: .datasetType)
        creationTimestamp = try members.decode(Date.self, forKey: .creationTimestamp)
        status = try members.decode(DatasetStatus.self, forKey: .status)
        statusMessage =
            try members.decodeIfPresent(String.self, forKey: .statusMessage) ?? status.message
    }
}

/// Input of DeleteDataset, which removes the entries and never the images.
package struct DeleteDatasetRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Which of the project's datasets, of which it has at most one each.
    package var datasetType: DatasetType
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// Input of UpdateDatasetEntries, which a job applies all or none.
package struct UpdateDatasetEntriesRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Which of the project's datasets, of which it has at most one each.
    package var datasetType: DatasetType
    /// JSON lines.
    package var changes: Data
    /// 1 to 64 letters, digits and `-`. A repeated call with the same token and parameters gets the
    /// first answer again for eight hours; nil never does.
    package var clientToken: String?
}

/// Output of UpdateDatasetEntries.
package struct UpdateDatasetEntriesResponse: Codable, Sendable {
    /// `UPDATE_IN_PROGRESS`: the lines are applied after the answer.
    package var status: DatasetStatus

    package init(status: DatasetStatus) { self.status = status }
}

/// Input of ListDatasetEntries; filters are joined by "and", and nil is no filter.
package struct ListDatasetEntriesRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Which of the project's datasets, of which it has at most one each.
    package var datasetType: DatasetType
    /// Whether an entry has a label.
    package var labeled: Bool?
    /// `normal` or `anomaly`.
    package var anomalyClass: String?
    /// Entries that were added before this moment.
    package var beforeCreationDate: Date?
    /// Entries that were added after this moment.
    package var afterCreationDate: Date?
    /// Opaque position of the next page. In a request nil or empty begins the list; in an answer
    /// nil ends it.
    package var nextToken: String?
    /// 1 to 100 items of a page; nil is 100.
    package var maxResults: Int?
    /// 1 to 2048 characters that stand in the `source-ref` as they are.
    package var sourceRefContains: String?
}

/// Output of ListDatasetEntries.
package struct ListDatasetEntriesResponse: Codable, Sendable {
    /// JSON lines, newest first.
    package var datasetEntries: [String]
    /// Opaque position of the next page. In a request nil or empty begins the list; in an answer
    /// nil ends it.
    package var nextToken: String?

    package init(datasetEntries: [String], nextToken: String?) {
        self.datasetEntries = datasetEntries
        self.nextToken = nextToken
    }
}

/// Input of DescribeDataset.
package struct DescribeDatasetRequest: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Which of the project's datasets, of which it has at most one each.
    package var datasetType: DatasetType
}

/// Output of DescribeDataset.
package struct DescribeDatasetResponse: Codable, Sendable {
    /// The dataset and its counts, read in one transaction.
    package var datasetDescription: DatasetDescription

    package init(datasetDescription: DatasetDescription) {
        self.datasetDescription = datasetDescription
    }
}

/// A dataset as DescribeDataset shows it.
package struct DatasetDescription: Codable, Sendable {
    /// 1 to 255 letters, digits, `_` and `-`, unique in the installation.
    package var projectName: String
    /// Which of the project's datasets, of which it has at most one each.
    package var datasetType: DatasetType
    /// When the resource was made, in seconds since 1970 on the wire.
    package var creationTimestamp: Date
    /// When its status or its entries last changed.
    package var lastUpdatedTimestamp: Date
    /// The state of the dataset when the answer was made.
    package var status: DatasetStatus
    /// What the status means, for people: never empty, since programs read it without asking.
    package var statusMessage: String
    /// As of the last manifest or update that was applied.
    package var imageStats: ImageStats

    package init(
        projectName: String, datasetType: DatasetType, creationTimestamp: Date,
        lastUpdatedTimestamp: Date, status: DatasetStatus, statusMessage: String,
        imageStats: ImageStats
    ) {
        self.projectName = projectName
        self.datasetType = datasetType
        self.creationTimestamp = creationTimestamp
        self.lastUpdatedTimestamp = lastUpdatedTimestamp
        self.status = status
        self.statusMessage = statusMessage
        self.imageStats = imageStats
    }
}

/// Counts of a dataset's images.
package struct ImageStats: Codable, Sendable, Equatable {
    /// All entries.
    package var total: Int
    /// Those with a label: `normal` and `anomaly` together.
    package var labeled: Int
    /// Labelled normal.
    package var normal: Int
    /// Labelled as an anomaly.
    package var anomaly: Int

    package init(total: Int = 0, labeled: Int = 0, normal: Int = 0, anomaly: Int = 0) {
        self.total = total
        self.labeled = labeled
        self.normal = normal
        self.anomaly = anomaly
    }
}
