import Storage
import Vision

/// What a line of a dataset's manifest must be, beyond what every manifest line is.
struct ManifestRules {
    /// Labels in one mask, the background not counted.
    let maskLabelsMax: Int

    /// `line`, or what is wrong with it.
    func checked(_ line: ManifestLine) -> Result<ManifestLine, ManifestLineError> {
        do throws(ManifestLineError) {
            try check(line)
            return .success(line)
        } catch {
            return .failure(error)
        }
    }

    /// - Throws: `ManifestLineError` for a reference that is not of S3, and for too many labels.
    private func check(_ line: ManifestLine) throws(ManifestLineError) {
        let references =
            [("source-ref", line.source)]
            + (line.mask.map { [(line.maskAttribute ?? "mask", $0.reference)] } ?? [])
        for (member, reference) in references where ObjectLocation(uri: reference) == nil {
            throw ManifestLineError(
                "has '\(reference.prefix(120))' as \(member), which must be s3://BUCKET/KEY")
        }
        let labels = line.mask?.classes.count { !$0.isBackground } ?? 0
        guard labels <= maskLabelsMax else {
            throw ManifestLineError(
                "names \(labels) labels in its mask; at most \(maskLabelsMax) may be")
        }
    }
}
