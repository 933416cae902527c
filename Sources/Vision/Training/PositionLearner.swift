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

    /// - Parameter images: whitened rows of each normal image.
    func fit(_ images: [Rows]) -> PositionStatistics {
        let width = images[0].width
        let count = Float(images.count)
        var mean = [Float](repeating: 0, count: view.patches * width)
        for image in images {
            for (index, value) in image.values.enumerated() { mean[index] += value }
        }
        for index in mean.indices { mean[index] /= count }
        mean = view.averaged(mean, channels: width, radius: 1)
        var variance = [Float](repeating: 0, count: view.patches * width)
        for image in images {
            for (index, value) in image.values.enumerated() {
                let difference = value - mean[index]
                variance[index] += difference * difference
            }
        }
        for index in variance.indices { variance[index] /= count }
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
