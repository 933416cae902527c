import Access
import FoundationEssentials
import Service
import Storage
import TestSupport
import Vision
import Wire

/// Takes the place of training: pauses that a heartbeat must bridge, a look at the dataset, and the
/// same small model in every attempt.
struct SimulatedTraining: ModelTraining {
    /// The longest of its three pauses.
    private static let pauseSecondsMax = 25.0

    func train(
        _ model: ModelRecord, in context: ServiceContext,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> TrainedModel {
        let project = model.project
        for part in 1...3 {
            progress("Part \(part)")
            let pause = context.random() * context.random() * Self.pauseSecondsMax
            try await context.clock.sleep(for: .seconds(pause))
        }
        let entries = try await context.metadata.read {
            try $0.countEntries(project: project, type: .train)
        }
        let bytes = SmallModel.bytes("\(project)/\(model.version)/\(model.created)")
        let manifest = try SmallModel.manifest(
            arn: context.arns.model(project, model.version), project: project,
            version: model.version, model: bytes)
        let figures = #"{"f1Score": 1, "recall": 1, "precision": 1}"#
        return TrainedModel(
            manifest: manifest, model: bytes,
            performance: try JSONDecoder().decode(
                ModelPerformance.self, from: Data(figures.utf8)),
            evaluationManifest: Data("\(entries.total)\n".utf8),
            evaluationResult: Data("{}".utf8), evaluationEnd: context.now())
    }
}
