import Base
package import FoundationEssentials
package import Wire

/// A dataset of a project: the images it trains with, or those it is tested with.
package struct DatasetRecord: Sendable, Codable, Equatable {
    package var project: String
    package var type: DatasetType
    /// When the dataset was asked for.
    package var created: Date
    /// When its entries or its status last changed.
    package var updated: Date
    package var status: DatasetStatus
    /// Why the status is what it is, for people; nil if there is nothing to say.
    package private(set) var statusMessage: String?
    /// The beginning of `statusMessage` that says only that all went as it should; nil where there
    /// is none, and in older rows.
    package private(set) var statusRoutine: String?
    /// Counts of the entries, as the last job that changed them left them.
    package var stats = ImageStats()

    /// A dataset without entries, updated when it was created.
    package init(project: String, type: DatasetType, created: Date, status: DatasetStatus) {
        self.project = project
        self.type = type
        self.created = created
        updated = created
        self.status = status
    }

    /// - Parameters:
    ///   - message: why the status is what it is; nil if there is nothing to say.
    ///   - routine: its beginning that people need not read.
    package mutating func say(_ message: String?, routine: String? = nil) {
        (statusMessage, statusRoutine) = (message, routine)
    }
}

/// One line of a dataset's manifest.
package struct DatasetEntry: Sendable, Codable, Equatable {
    /// `s3://BUCKET/KEY` of the image; unique in the dataset.
    package var sourceRef: String
    /// The JSON line as it was given.
    package var line: String
    /// `normal`, `anomaly` or nil for an image without a label.
    package var verdict: String?
    /// When an entry for this image was first added.
    package var created: Date

    /// - Parameter verdict: as the label of `line` says.
    package init(sourceRef: String, line: String, verdict: String?, created: Date) {
        self.sourceRef = sourceRef
        self.line = line
        self.verdict = verdict
        self.created = created
    }

    /// - Parameter document: as `entryDocuments` gives it.
    /// - Throws: `DecodingError` for anything else.
    package init(document: Data) throws {
        self = try JSONCoding.decode(DatasetEntry.self, from: document)
    }
}

/// Which entries of a dataset are asked for; nil members ask for all.
package struct EntryFilter: Sendable, Equatable {
    package var project: String
    package var type: DatasetType
    /// Whether the entry has a label.
    package var isLabeled: Bool?
    /// `normal` or `anomaly`.
    package var verdict: String?
    /// Entries that were created earlier, not at this moment.
    package var createdBefore: Date?
    /// Entries that were created later, not at this moment.
    package var createdAfter: Date?
    /// A part of `sourceRef`, with upper and lower case as it is.
    package var sourceRefPart: String?

    /// All entries of a dataset.
    package init(project: String, type: DatasetType) {
        self.project = project
        self.type = type
    }
}
