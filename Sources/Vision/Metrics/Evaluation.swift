/// Gathers what a model says about test images and sums it up.
package struct Evaluation: Sendable {
    /// Pixel-level figures of one label over all test images with masks.
    package struct LabelFigures: Sendable, Equatable {
        package let name: String
        package let confusion: Confusion
    }

    package private(set) var normalScores: [Double] = []
    package private(set) var anomalousScores: [Double] = []
    package private(set) var confusion = Confusion()
    private var labelConfusions: [Confusion]
    private let labels: [LabelClass]
    private var hasMasks = false

    package init(labels: [LabelClass]) {
        self.labels = labels
        labelConfusions = labels.map { _ in Confusion() }
    }

    package mutating func add(_ detection: Detection, isAnomalous: Bool, mask: LabelMask?) {
        if isAnomalous {
            anomalousScores.append(detection.score)
        } else {
            normalScores.append(detection.score)
        }
        confusion.count(predicted: detection.isAnomalous, actual: isAnomalous)
        guard let segmentation = detection.segmentation else { return }
        // A normal image is all background, with or without a mask that says so.
        guard mask != nil || !isAnomalous else { return }
        hasMasks = hasMasks || mask != nil
        for label in labels.indices {
            let index = UInt8(label + 1)
            for pixel in segmentation.indices.indices {
                labelConfusions[label].count(
                    predicted: segmentation.indices[pixel] == index,
                    actual: mask.map { $0.indices[pixel] == index } ?? false)
            }
        }
    }

    package var imageCount: Int { normalScores.count + anomalousScores.count }

    package var auroc: Double? {
        Ranking.auroc(normal: normalScores, anomalous: anomalousScores)
    }

    package var averagePrecision: Double? {
        Ranking.averagePrecision(normal: normalScores, anomalous: anomalousScores)
    }

    /// Empty when no test image has a mask.
    package var labelFigures: [LabelFigures] {
        hasMasks
            ? zip(labels, labelConfusions).map { LabelFigures(name: $0.name, confusion: $1) } : []
    }
}
