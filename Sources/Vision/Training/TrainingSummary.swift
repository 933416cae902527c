/// How a model came about: kept with the model and in its package.
package struct TrainingSummary: Sendable, Codable, Equatable {
    /// One configuration that cross-validation tried. Members that later versions added are
    /// optional.
    package struct Candidate: Sendable, Codable, Equatable {
        package var isSmoothed: Bool
        package var whiteningExponent: Double
        /// Patches in the memory bank; 0 with statistics of positions.
        package var bankCount: Int
        /// Share of the highest cells whose mean is the score; 0 is the maximum.
        package var pooledFraction: Double
        /// Area under the ROC curve, out of fold; without labelled anomalies against defects that
        /// were drawn onto normal images.
        package var auroc: Double?
        /// Distance of the classes' mean log scores in pooled standard deviations.
        package var separation: Double?
        /// Pixels of the image that the graph takes.
        package var inputWidth: Int?
        package var inputHeight: Int?
        /// Pixels from cell to cell of the features.
        package var stride: Int?
        package var backbone: String?
        /// `memoryBank` or `positions`.
        package var normalModel: String?
        /// The filter bank's share in the score by distance, and its model of normality.
        package var textureShare: Double?
        package var textureModel: String?
        /// What taught the classifier whose opinion joins the distance, and how it learned.
        package var supervision: String?
        package var supervisionMargin: Double?
    }

    package var backbone: String
    package var seed: UInt64
    package var normalImages: Int
    package var anomalousImages: Int
    /// Images that cross-validation and the model were computed from.
    package var sampledImages: Int
    package var folds: Int
    package var chosen: Candidate
    package var candidates: [Candidate]
    package var threshold: Double
    /// (n⁺ + 1) / (n + 1) with n⁺ of n normal images above the threshold out of fold: the chance
    /// that an exchangeable new image exceeds it.
    package var expectedFalseAlarmRate: Double
    /// Out of fold on the training images; nil without labelled anomalies.
    package var f1: Double?
    /// Out-of-fold intersection over union of each label with masks.
    package var labelIoU: [String: Double]?
    /// Of the probability of an anomaly, out of fold; nil without labelled anomalies.
    package var expectedCalibrationError: Double?
    /// Defects that were drawn onto normal images, for want of labelled anomalies.
    package var drawnAnomalies: Int?
    /// Share of them above the threshold.
    package var drawnRecall: Double?
}
