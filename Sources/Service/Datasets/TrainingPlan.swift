import Base
import FoundationEssentials
import Storage
import Vision

/// The images that a model is trained and tested on.
struct TrainingPlan: Sendable {
    let training: [LabelledImage]
    let testing: [LabelledImage]
    /// Labels of the masks in the order in which the manifests name them.
    let labels: [LabelClass]
    let background: LabelClass

    /// - Parameter test: nil when the project has one dataset, which is then split.
    /// - Throws: `JobError` when there are too few images of a kind.
    init(train: [LabelledImage], test: [LabelledImage]?) throws {
        if let test {
            try Self.need(
                train, "training", normal: Limits.trainNormalImagesMin, anomalous: 0)
            try Self.need(
                test, "test", normal: Limits.testNormalImagesMin,
                anomalous: Limits.testAnomalousImagesMin)
            (training, testing) = (train, test)
        } else {
            try Self.need(
                train, "training", normal: Limits.splitNormalImagesMin,
                anomalous: Limits.splitAnomalousImagesMin)
            (training, testing) = Self.split(train)
        }
        (labels, background) = try Self.labels(of: training + testing)
    }

    private static func need(
        _ images: [LabelledImage], _ name: String, normal: Int, anomalous: Int
    ) throws {
        let found = images.count { !$0.isAnomalous }
        let foundAnomalous = images.count - found
        guard found >= normal, foundAnomalous >= anomalous else {
            throw JobError(
                "The \(name) dataset has \(found) normal and \(foundAnomalous) anomalous labelled "
                    + "images; at least \(normal) and \(anomalous) are needed. Add images, or "
                    + "label those that have no label.")
        }
    }

    /// One image in `Limits.testShare` of each class is for testing. Which ones depends on their
    /// names alone, so that the same dataset is always split alike.
    private static func split(_ images: [LabelledImage]) -> (
        training: [LabelledImage], testing: [LabelledImage]
    ) {
        var isTest = Set<ObjectLocation>()
        for kind in [false, true] {
            let ordered = images.filter { $0.isAnomalous == kind }
                .map { (Checksum.sha256(Data($0.location.uri.utf8)), $0.location) }
                .sorted { $0.0 < $1.0 }
            isTest.formUnion(ordered.prefix(ordered.count / Limits.testShare).map(\.1))
        }
        return (
            images.filter { !isTest.contains($0.location) },
            images.filter { isTest.contains($0.location) }
        )
    }

    private static func labels(of images: [LabelledImage]) throws -> ([LabelClass], LabelClass) {
        let classes = images.lazy.compactMap(\.mask).flatMap(\.classes)
        let labels = MaskClass.labels(of: classes)
        let background = classes.first(where: \.isBackground)
        guard labels.count <= VisionLimits.labelsMax else {
            throw JobError(
                "The masks name \(labels.count) labels; at most \(VisionLimits.labelsMax) are "
                    + "allowed.")
        }
        return (
            labels,
            LabelClass(
                name: MaskClass.backgroundName,
                color: (background?.color ?? RGB.white).hex)
        )
    }
}
