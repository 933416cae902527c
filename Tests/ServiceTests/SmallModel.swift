import FoundationEssentials
import Service
import Storage
import TestSupport
import Vision
import Wire

/// A real model of small pictures, trained once for all tests of a process.
enum SmallModel {
    private static let size = (width: 96, height: 72)

    static let trained: Result<(manifest: ModelManifest, model: Data), any Error> = Result {
        let trainer = try Trainer(
            runtime: Checkout.runtime.get(), extractor: Checkout.backbone(), labels: [],
            threads: 2, seed: 1)
        var pictures = ProductPictures(seed: 5, width: size.width, height: size.height)
        for index in 0..<16 {
            let isAnomalous = index >= 12
            try trainer.add(
                TrainingSample(
                    name: "\(index)", image: pictures.next(isAnomalous ? .stain : nil).image,
                    isAnomalous: isAnomalous, mask: nil))
        }
        let detector = try trainer.fit(progress: { _ in }, isCancelled: { false })
        let manifest = ModelManifest(
            modelArn: "arn", projectName: "p", modelVersion: "1", detector: detector,
            background: LabelClass(name: "background", color: "#FFFFFF"))
        return (manifest, Data(detector.model))
    }

    static func picture() -> RGBImage {
        var pictures = ProductPictures(seed: 6, width: size.width, height: size.height)
        return pictures.next().image
    }

    /// What `ModelHost` counts for it with one unit.
    static func memoryBytes() throws -> Int {
        let (manifest, model) = try trained.get()
        return manifest.input.width * manifest.input.height * 300 + model.count * 4
    }
}

/// A training that is over at once and gives the small model.
struct InstantTraining: ModelTraining {
    func train(
        _ model: ModelRecord, in context: ServiceContext,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> TrainedModel {
        let (manifest, bytes) = try SmallModel.trained.get()
        return TrainedModel(
            manifest: manifest, model: bytes,
            performance: ModelPerformance(f1Score: 1, recall: 1, precision: 1),
            evaluationManifest: Data("{}\n".utf8), evaluationResult: Data("{}".utf8),
            evaluationEnd: context.now())
    }
}
