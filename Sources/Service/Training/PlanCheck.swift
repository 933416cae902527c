import Storage
import Vision

/// What the pictures of a training turned out to be, all of them, before anything is learned.
struct PlanCheck: Sendable {
    /// Labels that masks of training images show, in the order of the plan.
    let labels: [LabelClass]
    /// Bits that the samples of 16-bit PNGs use; nil for all 16, and without such images.
    let sampleBits: Int?
    /// Labels that the masks name and no mask of a training image shows.
    private let unmarked: [String]
    /// Anomalous training images whose masks mark nothing.
    private let emptyMasks: [String]
    /// Training images with a mask that marks something.
    private let markingMasks: Int

    /// - Parameters:
    ///   - findings: of the training images and of the test images behind them.
    ///   - acceptsMixedSizes: as the project's settings say.
    /// - Throws: `JobError` naming every picture that cannot be used.
    init(
        _ plan: TrainingPlan, _ findings: [PictureCheck.Finding], acceptsMixedSizes: Bool
    ) throws(JobError) {
        let images = plan.training + plan.testing
        try Self.checkFaults(images, findings, acceptsMixedSizes)
        let training = zip(plan.training, findings)
        let marked = training.reduce(into: Set<String>()) { $0.formUnion($1.1.marks ?? []) }
        labels = plan.labels.filter { marked.contains($0.name) }
        unmarked = plan.labels.map(\.name).filter { !marked.contains($0) }
        emptyMasks = training.filter { $0.isAnomalous && $1.marks?.isEmpty == true }
            .map(\.0.line.source)
        markingMasks = training.count { $1.marks?.isEmpty == false }
        sampleBits = SampleBits.used(byAll: findings.compactMap(\.highestSample))
    }

    private static func checkFaults(
        _ images: [LabelledImage], _ findings: [PictureCheck.Finding], _ acceptsMixedSizes: Bool
    ) throws(JobError) {
        var faults = FaultList()
        var first: (size: PixelSize, name: String)?
        for (image, finding) in zip(images, findings) {
            finding.faults.forEach { faults.add($0) }
            finding.missing.forEach { faults.add("The object \($0) does not exist.") }
            guard let size = finding.header?.size, !acceptsMixedSizes else { continue }
            let name = image.line.source
            let all = first ?? (size, name)
            first = all
            if size != all.size {
                faults.add(
                    "All images must have one size: \(name) is \(size.width)×\(size.height), "
                        + "\(all.name) is \(all.size.width)×\(all.size.height).")
            }
        }
        if let message = faults.message({ "\($0) faults in the images and masks:" }) {
            throw JobError(message)
        }
    }

    /// What the model's owner should know, in sentences.
    ///
    /// - Parameter summary: of the finished training.
    func notes(_ summary: TrainingSummary) -> String {
        var notes: [String] = []
        if let sampleBits {
            notes.append(
                "Samples of 16-bit images use \(sampleBits) bits and are scaled by these.")
        }
        if !emptyMasks.isEmpty {
            notes.append(
                "Masks that mark nothing, of anomalous images, were not used: "
                    + "\(FaultList.names(emptyMasks)).")
        }
        if !unmarked.isEmpty {
            notes.append(
                "Labels that no mask of a training image marks were not learned: "
                    + "\(FaultList.names(unmarked)).")
        }
        if labels.isEmpty, !unmarked.isEmpty {
            notes.append("The model classifies images and draws no masks.")
        }
        let learned = summary.learnedMasks ?? 0
        if learned < markingMasks {
            notes.append(
                "Of \(markingMasks) masks that mark something, \(learned) were learned from; the "
                    + "bounds on images and memory leave out the others.")
        }
        return notes.joined(separator: " ")
    }
}
