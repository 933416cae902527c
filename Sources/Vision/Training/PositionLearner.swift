/// Fits `PositionStatistics`, after PaDiM (Defard et al., "PaDiM: a Patch Distribution Modeling
/// Framework for Anomaly Detection and Localization", 2021) with the covariance reduced to the
/// whitened channels' variances: few images do not support more.
struct PositionLearner {
    /// Share of the variance that is a place's own; the rest is the mean of all places, since few
    /// images estimate a place's variance badly.
    private static let ownShare: Float = 0.5
    /// Of whitened channels, whose variance is about 1: what images of one scene differ by.
    private static let varianceMin: Float = 1e-2

    let view: FeatureView

    /// - Parameters:
    ///   - width: elements of a row.
    ///   - images: whitened rows of each normal image, at least one; each is read once, so that a
    ///     lazy sequence holds one at a time.
    func fit(width: Int, _ images: some Sequence<Rows>) -> PositionStatistics {
        var sums = [Double](repeating: 0, count: view.patches * width)
        var squares = sums
        var count = 0.0
        for image in images {
            for (index, value) in image.values.enumerated() {
                sums[index] += Double(value)
                squares[index] += Double(value) * Double(value)
            }
            count += 1
        }
        let mean = view.averaged(sums.map { Float($0 / count) }, channels: width, radius: 1)
        // The mean square of (value − mean), where the mean is one of neighbours too.
        var variance = mean.indices.map { index in
            let own = Double(mean[index])
            return Float(max(0, squares[index] / count - own * (2 * sums[index] / count - own)))
        }
        variance = view.averaged(variance, channels: width, radius: 2)
        var overall = [Float](repeating: 0, count: width)
        for index in variance.indices { overall[index % width] += variance[index] }
        for channel in 0..<width { overall[channel] /= Float(view.patches) }
        let inverse = variance.indices.map { index in
            let mixed =
                Self.ownShare * variance[index] + (1 - Self.ownShare) * overall[index % width]
            return 1 / max(mixed, Self.varianceMin).squareRoot()
        }
        return PositionStatistics(
            mean: Rows(width: width, values: mean),
            inverseDeviation: Rows(width: width, values: inverse))
    }
}
