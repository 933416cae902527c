import Access
import FoundationEssentials
import NIOPosix
package import Storage
import Synchronization
import Vision
import Wire

/// Learns from the labelled images of a project's datasets, and judges the test images.
package struct ImageTraining: ModelTraining {
    /// Without state: each training gets all it needs from the context.
    package init() {}

    /// The same images, labels and backbone give the same model, because the seed is fixed.
    package func train(
        _ model: ModelRecord, in context: ServiceContext,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> TrainedModel {
        try await ImageTrainingRun(context: context, model: model, say: progress).result()
    }
}

/// One training, from images to a model.
private struct ImageTrainingRun: Sendable {
    /// The same images give the same model.
    private static let seed: UInt64 = 20_201_120

    let context: ServiceContext
    let model: ModelRecord
    /// Gets a few words about what is being done.
    let say: @Sendable (String) -> Void

    private var project: String { model.project }

    func result() async throws -> TrainedModel {
        let plan = try await plan()
        let settings = try await settings()
        let check = try await check(plan, settings)
        let trainer = try await trainer(settings, check.labels)
        var first: PixelSize?
        for (index, image) in plan.training.enumerated() {
            say("Reading image \(index + 1) of \(plan.training.count)")
            let common = settings.acceptsMixedSizes == true ? first : nil
            first = try await learn(image, check, trainer, at: common)
        }
        let cancellation = Cancellation()
        var detector = try await withTaskCancellationHandler {
            try await context.pools.jobs.runIfActive {
                try trainer.fit(
                    progress: say, isCancelled: { cancellation.isRequested })
            }
        } onCancel: {
            cancellation.request()
        }
        detector.summary.sampleBits = check.sampleBits
        let manifest = ModelManifest(
            modelArn: context.arns.model(project, model.version), projectName: project,
            modelVersion: String(model.version), detector: detector, background: plan.background,
            acceptsOtherSizes: settings.acceptsMixedSizes == true ? true : nil)
        return try await evaluated(detector, manifest, plan, check)
    }

    private func settings() async throws -> ProjectSettings {
        let project = project
        let record = try await context.metadata.read { try $0.project(project) }
        return record?.settings ?? ProjectSettings()
    }

    /// Looks at all pictures before anything is learned from one.
    private func check(_ plan: TrainingPlan, _ settings: ProjectSettings) async throws -> PlanCheck
    {
        let images = plan.training + plan.testing
        let pictures = PictureCheck(context: context, measuresSamples: true)
        var findings: [PictureCheck.Finding] = []
        for start in stride(from: 0, to: images.count, by: Limits.pictureBatch) {
            say("Checking image \(start + 1) of \(images.count)")
            try Task.checkCancellation()
            let batch = images[start..<min(start + Limits.pictureBatch, images.count)]
            findings += try await pictures.findings(of: batch.map(\.line))
        }
        return try PlanCheck(
            plan, findings, acceptsMixedSizes: settings.acceptsMixedSizes == true)
    }

    private func trainer(_ settings: ProjectSettings, _ labels: [LabelClass]) async throws
        -> Trainer
    {
        let extractor = try await context.backbones.extractor(for: settings)
        let (runtime, threads) = (context.runtime, context.trainingThreads)
        return try await context.pools.jobs.runIfActive {
            try Trainer(
                runtime: runtime, extractor: extractor, labels: labels, threads: threads,
                seed: Self.seed, falseAlarmRate: settings.falseAlarmRate,
                latencyMillisecondsMax: settings.latencyMillisecondsMax)
        }
    }

    private func plan() async throws -> TrainingPlan {
        let reader = DatasetReader(context: context, project: project)
        let train = try await reader.images(.train) ?? []
        let test = try await reader.images(.test)
        try checkCounts(train, test ?? [])
        return try TrainingPlan(train: train, test: test)
    }

    /// Masks cost time and memory, so there may be fewer images with them.
    private func checkCounts(_ train: [LabelledImage], _ test: [LabelledImage]) throws {
        guard (train + test).contains(where: { $0.mask != nil }) else { return }
        let limits = context.limits
        for (name, count, limit) in [
            ("training", train.count, limits.segmentationTrainingImagesMax),
            ("test", test.count, limits.segmentationTestImagesMax),
        ] where count > limit {
            throw JobError(
                "The \(name) dataset has \(count) labelled images; with masks at most \(limit) "
                    + "are allowed.")
        }
    }

    /// - Parameter size: what the image is resized to, whatever its aspect; nil leaves it.
    /// - Returns: the size that the trainer saw.
    private func learn(
        _ image: LabelledImage, _ check: PlanCheck, _ trainer: Trainer,
        at size: PixelSize?
    ) async throws -> PixelSize {
        try Task.checkCancellation()
        let files = try await files(of: image)
        return try await context.pools.jobs.runIfActive {
            var (picture, mask) = try decode(files, image, check)
            if let size {
                picture = Resize.resize(picture, width: size.width, height: size.height)
                mask = mask?.resized(width: size.width, height: size.height)
            }
            try trainer.add(
                TrainingSample(
                    name: image.location.uri, image: picture, isAnomalous: image.isAnomalous,
                    mask: mask))
            return PixelSize(width: picture.width, height: picture.height)
        }
    }

    private func files(of image: LabelledImage) async throws -> (image: Data, mask: Data?) {
        let limit = context.limits.image.bytesMax
        let bytes = try await context.objects.get(image.location, bytesMax: limit)
        guard let mask = image.mask, let location = ObjectLocation(uri: mask.reference) else {
            return (bytes, nil)
        }
        return (bytes, try await context.objects.get(location, bytesMax: limit))
    }

    private func decode(
        _ files: (image: Data, mask: Data?), _ image: LabelledImage, _ check: PlanCheck
    ) throws -> (RGBImage, LabelMask?) {
        let limits = context.limits.image
        let picture = try ImageDecoder.decode(
            files.image, name: image.location.uri, limits: limits,
            sampleBits: check.sampleBits)
        guard let png = files.mask, let mask = image.mask else { return (picture, nil) }
        let labels = try LabelMask(
            png: png, classes: mask.classes, labels: check.labels, imageWidth: picture.width,
            imageHeight: picture.height, name: mask.reference, limits: limits)
        return (picture, labels)
    }

    private func evaluated(
        _ trained: TrainedDetector, _ manifest: ModelManifest, _ plan: TrainingPlan,
        _ check: PlanCheck
    ) async throws -> TrainedModel {
        let bytes = Data(trained.model)
        let (runtime, threads) = (context.runtime, context.trainingThreads)
        let detector = try await context.pools.jobs.runIfActive {
            try Detector(runtime: runtime, manifest: manifest, model: bytes, threads: threads)
        }
        let report = Shared(
            EvaluationReport(
                manifest: manifest, project: project, version: model.version,
                trainingImages: plan.training.count,
                hasMasks: plan.testing.contains { $0.mask != nil }))
        let now = context.now
        for (index, image) in plan.testing.enumerated() {
            say("Evaluating on test image \(index + 1) of \(plan.testing.count)")
            try Task.checkCancellation()
            let files = try await files(of: image)
            try await context.pools.jobs.runIfActive {
                let (picture, mask) = try decode(files, image, check)
                let detection: Detection
                do throws(VisionError) {
                    detection = try detector.detect(picture)
                } catch {
                    // The end of the process is no fault of the image.
                    guard error.code != .cancelled else { throw error }
                    throw JobError("\(image.location): \(error.message)")
                }
                let size = PixelSize(width: picture.width, height: picture.height)
                try report.update {
                    try $0.add(detection, of: image, size: size, mask: mask, now: now())
                }
            }
        }
        let end = context.now()
        return TrainedModel(
            manifest: manifest, model: bytes, performance: report.value.performance,
            evaluationManifest: report.value.manifest,
            evaluationResult: try report.value.result(
                evaluationEnd: end), evaluationEnd: end,
            notes: check.notes(manifest.training))
    }

    /// A value that code on other threads changes.
    private final class Shared<Value: Sendable>: Sendable {
        private let state: Mutex<Value>

        init(_ value: Value) { state = Mutex(value) }

        var value: Value { state.withLock { $0 } }

        func update(_ body: (inout Value) throws -> Void) rethrows {
            try state.withLock { try body(&$0) }
        }
    }

    /// Carries cancellation to code that does not run in a task.
    private final class Cancellation: Sendable {
        private let state = Mutex(false)

        var isRequested: Bool { state.withLock { $0 } }

        func request() { state.withLock { $0 = true } }
    }
}
