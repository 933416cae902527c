/// A trained detector that has no name yet.
package struct TrainedDetector: Sendable {
    /// An ONNX file as `DetectorGraph.detector` describes it.
    package let model: [UInt8]
    /// Pixels of the training images, which the model takes.
    package let imageWidth: Int
    /// Pixels, as `imageWidth`.
    package let imageHeight: Int
    /// Pixels of the graph's input, which images are resized to.
    package let inputWidth: Int
    /// Pixels, as `inputWidth`.
    package let inputHeight: Int
    /// Empty without masks.
    package let labels: [LabelClass]
    /// Threshold and slope that out-of-fold scores gave.
    package let decision: Decision
    /// What was tried and chosen.
    package var summary: TrainingSummary
}
