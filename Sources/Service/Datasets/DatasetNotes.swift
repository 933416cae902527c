import Storage
import Vision

/// What the owner of a dataset should know about how its lines were read. It becomes a part of the
/// dataset's StatusMessage.
struct DatasetNotes: Sendable {
    private var labels: [String: Int] = [:]
    private var masks: [String: Int] = [:]
    /// Words that a number explained, like `'good' as normal`.
    private var words: [String: Int] = [:]
    private var fromMasks: [ManifestLine.Verdict: Int] = [:]
    private var unlabelled = 0
    private var lines: [String: Int] = [:]
    private var duplicates: [String] = []
    private var missing: [String] = []
    private var forbidden: [String] = []
    /// Sizes of images, each with the number of images and the first of them.
    private var sizes: [PixelSize: (count: Int, first: String)] = [:]

    /// - Parameters:
    ///   - number: the line's.
    ///   - verdict: what the entry is labelled with.
    mutating func add(
        _ line: ManifestLine, _ number: Int, _ finding: PictureCheck.Finding,
        verdict: ManifestLine.Verdict?
    ) {
        if let before = lines.updateValue(number, forKey: line.source) {
            duplicates.append("\(line.source) (line \(number) in place of line \(before))")
        }
        if let name = line.labelAttribute { labels[name, default: 0] += 1 }
        if let name = line.maskAttribute { masks[name, default: 0] += 1 }
        if let verdict = line.verdict, let said = line.labelWords {
            words["'\(said)' as \(verdict.rawValue)", default: 0] += 1
        }
        if line.verdict == nil {
            if let verdict { fromMasks[verdict, default: 0] += 1 } else { unlabelled += 1 }
        }
        missing += finding.missing
        forbidden += finding.forbidden
        if let size = finding.header?.size {
            sizes[size, default: (0, line.source)].count += 1
        }
    }

    /// What all of it says.
    ///
    /// - Parameters:
    ///   - user: whose rights decided which pictures were read; nil for the root key.
    ///   - acceptsMixedSizes: as the project's settings say.
    func saying(project: String, user: String?, acceptsMixedSizes: Bool) -> DatasetSaying {
        var saying = DatasetSaying()
        if !labels.isEmpty { saying.add(.routine, "Labels are from \(Self.counts(labels)).") }
        if !masks.isEmpty { saying.add(.routine, "Masks are from \(Self.counts(masks)).") }
        if !words.isEmpty {
            saying.add(.routine, "By their numbers were read: \(Self.counts(words)).")
        }
        if let count = fromMasks[.anomaly] {
            saying.add(
                .routine,
                "\(Self.images(count)) without a label became anomalies because of marks in masks.")
        }
        if let count = fromMasks[.normal] {
            saying.add(
                .routine,
                "\(Self.images(count)) without a label became normal because masks mark nothing.")
        }
        if unlabelled > 0 {
            saying.add(
                .warning,
                "\(Self.images(unlabelled)) without a label: training leaves out what is not labelled."
            )
        }
        if !duplicates.isEmpty {
            saying.add(
                .warning,
                "Of images with several lines the last line counts: "
                    + "\(FaultList.names(duplicates)), \(duplicates.count) in all.")
        }
        if !missing.isEmpty {
            saying.add(
                .warning,
                "Not found, and needed by training: \(missing.count) of the objects: "
                    + "\(FaultList.names(missing)).")
        }
        if !forbidden.isEmpty, let user {
            saying.add(
                .warning,
                "Not looked at, because the policy of the user \(user) does not allow "
                    + "s3:GetObject on them: \(forbidden.count) of the objects: "
                    + "\(FaultList.names(forbidden)). A training needs that right.")
        }
        if sizes.count > 1, !acceptsMixedSizes { saying.add(.warning, sizesText(project)) }
        return saying
    }

    private func sizesText(_ project: String) -> String {
        let sorted = sizes.sorted {
            ($0.value.count, $1.value.first) > ($1.value.count, $0.value.first)
        }
        let names = sorted.map {
            "\($0.key.width)×\($0.key.height) (\($0.value.count), like \($0.value.first))"
        }
        return
            "The images have \(sizes.count) sizes, \(FaultList.names(names)); training needs one, "
            + "unless an operator allows more by spotter project set \(project) --image-sizes mixed."
    }

    private static func images(_ count: Int) -> String { "\(count) image\(count == 1 ? "" : "s")" }

    private static func counts(_ counts: [String: Int]) -> String {
        let total = counts.values.reduce(0, +)
        let sorted = counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
        return FaultList.names(
            sorted.map { $0.value == total ? $0.key : "\($0.key) (\($0.value) lines)" })
    }
}
