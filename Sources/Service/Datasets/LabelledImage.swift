import Storage
import Vision

/// A labelled image of a dataset.
struct LabelledImage: Sendable {
    let location: ObjectLocation
    let isAnomalous: Bool
    let line: ManifestLine

    var mask: ManifestLine.Mask? { line.mask }

    /// nil for an entry without a label.
    ///
    /// - Throws: `JobError` for a line that an earlier version took and that this one refuses.
    init?(_ entry: DatasetEntry) throws(JobError) {
        guard let verdict = entry.verdict else { return nil }
        do throws(ManifestLineError) {
            line = try ManifestLine(parsing: entry.line)
        } catch {
            throw JobError(
                "The entry of \(entry.sourceRef): \(error.message) Replace it by "
                    + "UpdateDatasetEntries.")
        }
        guard let location = ObjectLocation(uri: line.source) else {
            throw JobError("'\(line.source.prefix(120))' is not s3://BUCKET/KEY.")
        }
        self.location = location
        isAnomalous = verdict == ManifestLine.Verdict.anomaly.rawValue
    }
}
