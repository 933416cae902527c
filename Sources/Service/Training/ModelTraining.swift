package import FoundationEssentials
package import Storage
package import Vision
package import Wire

/// What a training makes.
package struct TrainedModel: Sendable {
    /// The model's description, which hosting and packaging read beside the ONNX file.
    package let manifest: ModelManifest
    /// An ONNX file.
    package let model: Data
    /// Precision, recall and F1 over the test images, as DescribeModel returns them.
    package let performance: ModelPerformance
    /// JSON lines: each test image's own line and what the model said.
    package let evaluationManifest: Data
    /// JSON document with the metrics, written to the output bucket.
    package let evaluationResult: Data
    /// When the last test image was judged, by the server's clock.
    package let evaluationEnd: Date
    /// What the model's owner should know about how its images were used: sentences; empty for
    /// nothing.
    package let notes: String

    /// Made by an implementation of `ModelTraining`; `TrainingJob` writes it.
    package init(
        manifest: ModelManifest, model: Data, performance: ModelPerformance,
        evaluationManifest: Data, evaluationResult: Data, evaluationEnd: Date, notes: String = ""
    ) {
        self.manifest = manifest
        self.model = model
        self.performance = performance
        self.evaluationManifest = evaluationManifest
        self.evaluationResult = evaluationResult
        self.evaluationEnd = evaluationEnd
        self.notes = notes
    }
}

/// How a model comes about: the part of a training that computes. Rows, files and leases are
/// `TrainingJob`'s.
package protocol ModelTraining: Sendable {
    /// - Parameters:
    ///   - model: the row, as it was when the training began.
    ///   - progress: receives a few words about each step.
    func train(
        _ model: ModelRecord, in context: ServiceContext,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> TrainedModel
}
