package import FoundationEssentials

package enum DatasetType: String, Codable, Sendable, CaseIterable {
    case train
    case test
}

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
}

package struct CreateDatasetRequest: Codable, Sendable {
    package struct Source: Codable, Sendable {
        package var groundTruthManifest: GroundTruthManifest?
    }

    package struct GroundTruthManifest: Codable, Sendable {
        package var s3Object: InputObject?
    }

    package struct InputObject: Codable, Sendable {
        package var bucket: String
        package var key: String
        package var versionId: String?
    }

    package var projectName: String
    package var datasetType: DatasetType
    package var datasetSource: Source?
    package var clientToken: String?
}

package struct CreateDatasetResponse: Codable, Sendable {
    package var datasetMetadata: DatasetMetadata

    package init(datasetMetadata: DatasetMetadata) { self.datasetMetadata = datasetMetadata }
}

package struct DatasetMetadata: Codable, Sendable {
    package var datasetType: DatasetType
    package var creationTimestamp: Date
    package var status: DatasetStatus
    package var statusMessage: String?

    package init(
        datasetType: DatasetType, creationTimestamp: Date, status: DatasetStatus,
        statusMessage: String?
    ) {
        self.datasetType = datasetType
        self.creationTimestamp = creationTimestamp
        self.status = status
        self.statusMessage = statusMessage
    }
}

package struct DeleteDatasetRequest: Codable, Sendable {
    package var projectName: String
    package var datasetType: DatasetType
    package var clientToken: String?
}

package struct UpdateDatasetEntriesRequest: Codable, Sendable {
    package var projectName: String
    package var datasetType: DatasetType
    /// JSON lines.
    package var changes: Data
    package var clientToken: String?
}

package struct UpdateDatasetEntriesResponse: Codable, Sendable {
    package var status: DatasetStatus

    package init(status: DatasetStatus) { self.status = status }
}

package struct ListDatasetEntriesRequest: Codable, Sendable {
    package var projectName: String
    package var datasetType: DatasetType
    package var labeled: Bool?
    /// `normal` or `anomaly`.
    package var anomalyClass: String?
    package var beforeCreationDate: Date?
    package var afterCreationDate: Date?
    package var nextToken: String?
    package var maxResults: Int?
    package var sourceRefContains: String?
}

package struct ListDatasetEntriesResponse: Codable, Sendable {
    package var datasetEntries: [String]
    package var nextToken: String?

    package init(datasetEntries: [String], nextToken: String?) {
        self.datasetEntries = datasetEntries
        self.nextToken = nextToken
    }
}

package struct DescribeDatasetRequest: Codable, Sendable {
    package var projectName: String
    package var datasetType: DatasetType
}

package struct DescribeDatasetResponse: Codable, Sendable {
    package var datasetDescription: DatasetDescription

    package init(datasetDescription: DatasetDescription) {
        self.datasetDescription = datasetDescription
    }
}

package struct DatasetDescription: Codable, Sendable {
    package var projectName: String
    package var datasetType: DatasetType
    package var creationTimestamp: Date
    package var lastUpdatedTimestamp: Date
    package var status: DatasetStatus
    package var statusMessage: String?
    package var imageStats: ImageStats

    package init(
        projectName: String, datasetType: DatasetType, creationTimestamp: Date,
        lastUpdatedTimestamp: Date, status: DatasetStatus, statusMessage: String?,
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
    package var total: Int
    package var labeled: Int
    package var normal: Int
    package var anomaly: Int

    package init(total: Int = 0, labeled: Int = 0, normal: Int = 0, anomaly: Int = 0) {
        self.total = total
        self.labeled = labeled
        self.normal = normal
        self.anomaly = anomaly
    }
}
