/// Gathers what a model says about test images and sums it up.
package struct Evaluation: Sendable {
    /// Pixel-level figures of one label over all test images with masks.
    package struct LabelFigures: Sendable, Equatable {
        /// The label's name, as in the manifest.
        package let name: String
        /// Pixels of all test images that have a mask or are normal.
        package let confusion: Confusion
    }

    /// In the order in which images were added.
    package private(set) var normalScores: [Double] = []
    /// In the order in which images were added.
    package private(set) var anomalousScores: [Double] = []
    /// Verdicts at the threshold in force.
    package private(set) var confusion = Confusion()
    private var labelConfusions: [Confusion]
    private let labels: [LabelClass]
    private var hasMasks = false

    /// - Parameter labels: the model's, in the order of its segmentation's indices.
    package init(labels: [LabelClass]) {
        self.labels = labels
        labelConfusions = labels.map { _ in Confusion() }
    }

    /// Adds what the model says about one test image.
    ///
    /// - Parameter mask: what people outlined, at the image's size; nil for an image without a
    ///   mask.
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

    /// Test images that were added.
    package var imageCount: Int { normalScores.count + anomalousScores.count }

    /// Area under the ROC curve, 0...1; nil when there are images of one class only.
    package var auroc: Double? {
        Ranking.auroc(normal: normalScores, anomalous: anomalousScores)
    }

    /// 0...1; nil without anomalous images.
    package var averagePrecision: Double? {
        Ranking.averagePrecision(normal: normalScores, anomalous: anomalousScores)
    }

    /// Empty when no test image has a mask.
    package var labelFigures: [LabelFigures] {
        hasMasks
            ? zip(labels, labelConfusions).map { LabelFigures(name: $0.name, confusion: $1) } : []
    }
}
