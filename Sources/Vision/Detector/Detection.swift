/// What a model says about an image.
package struct Detection: Sendable {
    /// Not negative; higher is more anomalous.
    package let score: Double
    /// What the score was compared with.
    package let threshold: Double
    /// The verdict: whether `score` is above `threshold`.
    package let isAnomalous: Bool
    /// Confidence in the verdict given, 0.5...1.
    package let confidence: Double
    /// Distance of each pixel of the graph's input to what is normal.
    package let map: FloatMap
    /// nil for a model without masks.
    package let segmentation: Segmentation?
}

extension Detection {
    /// Probability of an anomaly that the model gives, 0...1; ½ at the threshold.
    package var probability: Double { isAnomalous ? confidence : 1 - confidence }
}
