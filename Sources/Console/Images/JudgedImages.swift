import FoundationEssentials
import Service
import Wire

/// What the newest trained model of a project said about its test images.
struct JudgedImages: Sendable {
    /// Of the model.
    let version: String
    /// Of the evaluation, as `TestResults` has it.
    let evaluation: UUID
    /// By reference, in units of the model's score.
    let scores: [String: Double]
    /// The one in force; higher scores are anomalies.
    let threshold: Double

    /// nil for an image that was not judged.
    func isAnomalous(_ source: String) -> Bool? { scores[source].map { $0 > threshold } }

    /// How far a score is from the threshold: 1 at it, 2 at half and twice.
    func doubt(_ score: Double) -> Double {
        let ratio = max(score, 1e-12) / max(threshold, 1e-12)
        return max(ratio, 1 / ratio)
    }
}

extension Visit {
    /// - Returns: nil for a project without a trained model that kept its evaluation.
    func judgedImages(of project: String) async throws -> JudgedImages? {
        let models: ListModelsResponse = try await perform(
            .listModels, ["projectName": project])
        let trained: Set<ModelStatus> = [
            .trained, .hosted, .startingHosting, .stoppingHosting, .hostingFailed,
        ]
        guard let newest = models.models.first(where: { trained.contains($0.status) }) else {
            return nil
        }
        let version = newest.modelVersion
        let description: DescribeModelResponse = try await perform(
            .describeModel, ["projectName": project, "modelVersion": version])
        let thresholds = try await operations.thresholds(of: project, version)
        guard let place = description.modelDescription.evaluationManifest,
            let threshold = thresholds.inForce
        else { return nil }
        let results = try await shelf.results(at: place, for: self)
        return JudgedImages(
            version: version, evaluation: results.id, scores: results.scores, threshold: threshold)
    }
}
