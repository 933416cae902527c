import Access
import FoundationEssentials
package import Service
package import Storage
import Vision
import Wire

/// A training that ends at once and gives a `SmallModel`, whatever the images are.
package struct InstantTraining: ModelTraining {
    package init() {}

    package func train(
        _ model: ModelRecord, in context: ServiceContext,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> TrainedModel {
        let bytes = SmallModel.bytes("\(model.project)/\(model.version)")
        return TrainedModel(
            manifest: try SmallModel.manifest(
                arn: context.arns.model(model.project, model.version), project: model.project,
                version: model.version, model: bytes),
            model: bytes, performance: ModelPerformance(f1Score: 1, recall: 1, precision: 1),
            evaluationManifest: Data("{}\n".utf8), evaluationResult: Data("{}".utf8),
            evaluationEnd: context.now())
    }
}
