/// How a model came about: kept with the model and in its package.
package struct TrainingSummary: Sendable, Codable, Equatable {
    /// One configuration that cross-validation tried.
    package struct Candidate: Sendable, Codable, Equatable {
        package var isSmoothed: Bool
        package var whiteningExponent: Double
        package var bankCount: Int
        /// Share of the highest cells whose mean is the score; 0 is the maximum.
        package var pooledFraction: Double
        /// Area under the ROC curve, out of fold; nil without labelled anomalies.
        package var auroc: Double?
        /// Distance of the classes' mean log scores in pooled standard deviations.
        package var separation: Double?
    }

    package var backbone: String
    package var seed: UInt64
    package var normalImages: Int
    package var anomalousImages: Int
    /// Images that cross-validation and the memory bank were computed from.
    package var sampledImages: Int
    package var folds: Int
    package var chosen: Candidate
    package var candidates: [Candidate]
    package var threshold: Double
    /// Share of normal images above the threshold, out of fold; without anomalies 1 / (n + 1),
    /// the chance that an exchangeable new image exceeds the highest of n.
    package var expectedFalseAlarmRate: Double
    /// Out of fold on the training images; nil without labelled anomalies.
    package var f1: Double?
    /// Out-of-fold intersection over union of each label with masks.
    package var labelIoU: [String: Double]?
}
