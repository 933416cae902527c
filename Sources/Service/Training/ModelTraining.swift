package import FoundationEssentials
package import Storage
package import Vision
package import Wire

/// What a training makes.
package struct TrainedModel: Sendable {
    package let manifest: ModelManifest
    /// An ONNX file.
    package let model: Data
    package let performance: ModelPerformance
    /// JSON lines: each test image's own line and what the model said.
    package let evaluationManifest: Data
    package let evaluationResult: Data
    package let evaluationEnd: Date
    /// What the model's owner should know about how its images were used: sentences; empty for
    /// nothing.
    package let notes: String

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
    ///   - progress: told what is being done, in a few words.
    func train(
        _ model: ModelRecord, in context: ServiceContext,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> TrainedModel
}
