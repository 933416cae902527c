/// How a model came about: kept with the model and in its package.
package struct TrainingSummary: Sendable, Codable, Equatable {
    /// One configuration that cross-validation tried. Members that later versions added are
    /// optional.
    package struct Candidate: Sendable, Codable, Equatable {
        /// Whether features were averaged over 3×3 cells first.
        package var isSmoothed: Bool
        /// 0.5 or 1; see `Whitening`.
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
        /// Pixels, as `inputWidth`.
        package var inputHeight: Int?
        /// Pixels from cell to cell of the features.
        package var stride: Int?
        /// The feature extractor's identifier; nil in models made before this member existed.
        package var backbone: String?
        /// `memoryBank` or `positions`.
        package var normalModel: String?
        /// The filter bank's share in the score by distance, and its model of normality.
        package var textureShare: Double?
        /// `memoryBank` or `positions`; nil without a share.
        package var textureModel: String?
        /// What taught the classifier whose opinion joins the distance, and how it learned.
        package var supervision: String?
        /// In models of earlier versions, whose opinions joined the distance by the larger of both:
        /// 0, 1 or 2 deviations of the normal scores that an opinion had to exceed.
        package var supervisionMargin: Double?
        /// How much the opinion weighs, ½ to 2; nil without a teacher.
        package var supervisionWeight: Double?
        /// What distances in the outermost cells, the next, and the third are divided by; nil where
        /// nothing is scaled, and in models made before this member existed.
        package var borderScale: [Double]?
        /// What a displacement by the whole width or height counts as beside a patch's features, in
        /// root mean squares of these, 0...6: 0 where products lie anywhere. nil without a memory
        /// bank, and in models made before this member existed.
        package var placeWeight: Double?
    }

    /// The feature extractor's identifier.
    package var backbone: String
    /// The same seed, images and order give the same model.
    package var seed: UInt64
    /// Images that training was given, sampled or not.
    package var normalImages: Int
    /// Images that training was given; 0 when defects were drawn.
    package var anomalousImages: Int
    /// Images that cross-validation and the model were computed from.
    package var sampledImages: Int
    /// Parts that cross-validation holds out in turn.
    package var folds: Int
    /// The candidate that the model was fitted with; one of `candidates`.
    package var chosen: Candidate
    /// Everything that was tried, in the order of the search.
    package var candidates: [Candidate]
    /// In units of the score; a host or package may use another one.
    package var threshold: Double
    /// Share of normal images that may be above the threshold, as the project asked; nil for a
    /// threshold that was chosen without such a wish, and in models made before this member
    /// existed.
    package var falseAlarmRate: Double?
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
    /// Bits that the samples of 16-bit PNGs use, 8...15, over all images; nil for all 16, without
    /// such images, and in models made before this member existed.
    package var sampleBits: Int?
    /// Masks of anomalous images that labels were learned from; nil in a model without labels, and
    /// in models made before this member existed.
    package var learnedMasks: Int?
    /// What judging an image took with one thread on the machine that trained, in milliseconds, the
    /// median of several runs, without decoding and resizing; nil where no bound was set, since it
    /// differs from time to time. Above the bound where even the smallest view takes longer.
    package var latencyMilliseconds: Double?
    /// The bound that the project set, in milliseconds; nil where none was set.
    package var latencyMillisecondsMax: Double?
}
