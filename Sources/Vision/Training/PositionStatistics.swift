/// Fits `PositionStatistics`, after PaDiM (Defard et al., "PaDiM: a Patch Distribution Modeling
/// Framework for Anomaly Detection and Localization", 2021) with the covariance reduced to the
/// whitened channels' variances: few images do not support more.
struct PositionLearner {
    /// Share of the variance that is a place's own; the rest is the mean of all places, since few
    /// images estimate a place's variance badly.
    private static let ownShare: Float = 0.5
    private static let varianceMin: Float = 1e-4

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
        mean = averaged(mean, channels: width, radius: 1)
        var variance = [Float](repeating: 0, count: view.patches * width)
        for image in images {
            for (index, value) in image.values.enumerated() {
                let difference = value - mean[index]
                variance[index] += difference * difference
            }
        }
        for index in variance.indices { variance[index] /= count }
        variance = averaged(variance, channels: width, radius: 2)
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

    /// The mean over squares of 2·radius + 1 cells, edge cells repeated outwards; one axis after
    /// the other.
    private func averaged(_ values: [Float], channels: Int, radius: Int) -> [Float] {
        func pass(_ source: [Float], alongX: Bool) -> [Float] {
            var out = [Float](repeating: 0, count: source.count)
            let share = 1 / Float(2 * radius + 1)
            source.withUnsafeBufferPointer { source in
                out.withUnsafeMutableBufferPointer { out in
                    for y in 0..<view.gridHeight {
                        for x in 0..<view.gridWidth {
                            let target = (y * view.gridWidth + x) * channels
                            for step in -radius...radius {
                                let nearX = min(max(x + (alongX ? step : 0), 0), view.gridWidth - 1)
                                let nearY = min(
                                    max(y + (alongX ? 0 : step), 0), view.gridHeight - 1)
                                let from = (nearY * view.gridWidth + nearX) * channels
                                for channel in 0..<channels {
                                    out[target + channel] += share * source[from + channel]
                                }
                            }
                        }
                    }
                }
            }
            return out
        }
        return pass(pass(values, alongX: true), alongX: false)
    }
}
