import Access
import FoundationEssentials
import Logging
import NIOPosix
import Storage
import Synchronization
import Vision
import Wire

/// Trains a model, evaluates it and writes what came out.
struct TrainingJob: JobRunner {
    /// The same images give the same model.
    private static let seed: UInt64 = 20_201_120

    let context: ServiceContext
    let lease: JobLease
    let logger: Logger
    let project: String
    let version: Int

    func run() async throws {
        let progress = Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await report(progress) }
            group.addTask { try await train(progress) }
            defer { group.cancelAll() }
            // Reporting never ends by itself.
            try await group.next()
        }
    }

    func fail(_ message: String) async throws {
        let (project, version) = (project, version)
        try await lease.complete(error: message) { transaction in
            guard var model = try transaction.model(project, version) else { return }
            model.status = .trainingFailed
            model.statusMessage = message
            try transaction.save(model)
        }
    }

    private func train(_ progress: Progress) async throws {
        let (project, version) = (project, version)
        guard let model = try await context.metadata.read({ try $0.model(project, version) }) else {
            throw JobError("The model was deleted.")
        }
        guard try await context.objects.bucketExists(model.output.bucket) else {
            throw JobError(
                "The bucket \(model.output.bucket) of OutputConfig does not exist. Create it and "
                    + "train again.")
        }
        let plan = try await plan()
        let settings = try await settings()
        let trainer = try await trainer(settings, plan)
        var first: ModelManifest.Size?
        for (index, image) in plan.training.enumerated() {
            progress.say("Reading image \(index + 1) of \(plan.training.count)")
            let common = settings.acceptsMixedSizes == true ? first : nil
            first = try await learn(image, plan, trainer, at: common)
        }
        let cancellation = Cancellation()
        let detector = try await withTaskCancellationHandler {
            try await context.pool.runIfActive {
                try trainer.fit(
                    progress: { progress.say($0) }, isCancelled: { cancellation.isRequested })
            }
        } onCancel: {
            cancellation.request()
        }
        let manifest = ModelManifest(
            modelArn: context.arns.model(project, version), projectName: project,
            modelVersion: String(version), detector: detector, background: plan.background,
            acceptsOtherSizes: settings.acceptsMixedSizes == true ? true : nil)
        try await publish(detector, manifest, model, plan, progress)
    }

    private func settings() async throws -> ProjectSettings {
        let project = project
        let record = try await context.metadata.read { try $0.project(project) }
        return record?.settings ?? ProjectSettings()
    }

    private func trainer(_ settings: ProjectSettings, _ plan: TrainingPlan) async throws -> Trainer
    {
        let extractor = try await context.backbones.extractor(for: settings)
        let (runtime, threads) = (context.runtime, context.trainingThreads)
        return try await context.pool.runIfActive {
            try Trainer(
                runtime: runtime, extractor: extractor, labels: plan.labels, threads: threads,
                seed: Self.seed)
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
        _ image: LabelledImage, _ plan: TrainingPlan, _ trainer: Trainer,
        at size: ModelManifest.Size?
    ) async throws -> ModelManifest.Size {
        try Task.checkCancellation()
        let files = try await files(of: image)
        return try await context.pool.runIfActive {
            var (picture, mask) = try decode(files, image, plan)
            if let size {
                picture = Resize.resize(picture, width: size.width, height: size.height)
                mask = mask?.resized(width: size.width, height: size.height)
            }
            try trainer.add(
                TrainingSample(
                    name: image.location.uri, image: picture, isAnomalous: image.isAnomalous,
                    mask: mask))
            return ModelManifest.Size(width: picture.width, height: picture.height)
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
        _ files: (image: Data, mask: Data?), _ image: LabelledImage, _ plan: TrainingPlan
    ) throws -> (RGBImage, LabelMask?) {
        let limits = context.limits.image
        let picture = try ImageDecoder.decode(
            files.image, name: image.location.uri, limits: limits)
        guard let png = files.mask, let mask = image.mask else { return (picture, nil) }
        let labels = try LabelMask(
            png: png, classes: mask.classes, labels: plan.labels, imageWidth: picture.width,
            imageHeight: picture.height, name: mask.reference, limits: limits)
        return (picture, labels)
    }

    private func publish(
        _ trained: TrainedDetector, _ manifest: ModelManifest, _ model: ModelRecord,
        _ plan: TrainingPlan, _ progress: Progress
    ) async throws {
        let bytes = Data(trained.model)
        let (runtime, threads) = (context.runtime, context.trainingThreads)
        let detector = try await context.pool.runIfActive {
            try Detector(runtime: runtime, manifest: manifest, model: bytes, threads: threads)
        }
        let report = Shared(
            EvaluationReport(
                manifest: manifest, project: project, version: version,
                trainingImages: plan.training.count,
                hasMasks: plan.testing.contains { $0.mask != nil }))
        let now = context.now
        for (index, image) in plan.testing.enumerated() {
            progress.say("Evaluating on test image \(index + 1) of \(plan.testing.count)")
            try Task.checkCancellation()
            let files = try await files(of: image)
            try await context.pool.runIfActive {
                let (picture, mask) = try decode(files, image, plan)
                let detection: Detection
                do throws(VisionError) {
                    detection = try detector.detect(picture)
                } catch {
                    throw JobError("\(image.location): \(error.message)")
                }
                let size = ModelManifest.Size(width: picture.width, height: picture.height)
                try report.update {
                    try $0.add(detection, of: image, size: size, mask: mask, now: now())
                }
            }
        }
        progress.say("Writing the results")
        try await write(report.value, manifest, bytes, model)
    }

    private func write(
        _ report: EvaluationReport, _ manifest: ModelManifest, _ bytes: Data, _ model: ModelRecord
    ) async throws {
        let end = context.now()
        let manifestKey = model.output.key("EvaluationManifest-\(project)-\(version).json")
        let resultKey = model.output.key("EvaluationResult-\(project)-\(version).json")
        let bucket = model.output.bucket
        let models = context.models
        let files = try await models.save(
            manifest, model: bytes, project: project, version: version, attempt: lease.attemptName)
        do {
            let outputs = [
                (manifestKey, report.manifest), (resultKey, try report.result(evaluationEnd: end)),
            ]
            for (key, bytes) in outputs {
                // These have the same names in every attempt. A worker that was paused must not
                // write over what its successor wrote.
                try await lease.renew()
                try await context.objects.put(
                    .bytes(bytes), at: ObjectLocation(bucket: bucket, key: key))
            }
            let (project, version, performance) = (project, version, report.performance)
            try await lease.complete { transaction in
                guard var model = try transaction.model(project, version) else { return }
                model.status = .trained
                model.statusMessage = "The model was trained."
                model.performance = performance
                model.evaluationManifest = OutputS3Object(bucket: bucket, key: manifestKey)
                model.evaluationResult = OutputS3Object(bucket: bucket, key: resultKey)
                model.evaluationEnd = end
                model.files = files
                try models.adopt(files, transaction)
                try transaction.save(model)
            }
        } catch {
            // After a lost acknowledgement the row may have got them; then they stay.
            await models.abandon(files)
            throw error
        }
    }

    /// Shows what the training is at in the model's StatusMessage and in the log.
    private func report(_ progress: Progress) async throws {
        var last: String?
        let (project, version) = (project, version)
        while true {
            if let message = progress.message, message != last {
                last = message
                logger.info("\(message)", metadata: ["model": "\(project)/\(version)"])
                try await lease.update { transaction in
                    guard var model = try transaction.model(project, version),
                        model.status == .training
                    else { return }
                    model.statusMessage = message
                    try transaction.save(model)
                }
            }
            try await context.clock.sleep(for: .seconds(1))
        }
    }

    /// The newest message of the work, for whoever asks.
    private final class Progress: Sendable {
        private let state = Mutex<String?>(nil)

        var message: String? { state.withLock { $0 } }

        func say(_ message: String) { state.withLock { $0 = message } }
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

extension S3Location {
    /// The key of `name` below the prefix.
    func key(_ name: String) -> String {
        guard let prefix, !prefix.isEmpty else { return name }
        return prefix.hasSuffix("/") ? prefix + name : "\(prefix)/\(name)"
    }
}
