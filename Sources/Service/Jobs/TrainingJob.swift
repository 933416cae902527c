import FoundationEssentials
import Logging
import Storage
import Synchronization
import Wire

/// Trains a model and writes what came out.
struct TrainingJob: JobRunner {
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
        let trained = try await context.training.train(model, in: context) { progress.say($0) }
        progress.say("Writing the results")
        try await write(trained, model)
    }

    private func write(_ trained: TrainedModel, _ model: ModelRecord) async throws {
        let (manifestKey, resultKey) = model.output.evaluationKeys(of: project, version: version)
        let bucket = model.output.bucket
        let models = context.models
        let files = try await models.save(
            trained.manifest, model: trained.model, project: project, version: version,
            attempt: lease.attemptName)
        do {
            let outputs = [
                (manifestKey, trained.evaluationManifest), (resultKey, trained.evaluationResult),
            ]
            for (key, bytes) in outputs {
                // These have the same names in every attempt. A worker that was paused must not
                // write over what its successor wrote.
                try await lease.renew()
                try await context.objects.put(
                    .bytes(bytes), at: ObjectLocation(bucket: bucket, key: key))
            }
            let (project, version) = (project, version)
            try await lease.complete { transaction in
                guard var model = try transaction.model(project, version) else { return }
                model.status = .trained
                model.statusMessage = ["The model was trained.", trained.notes]
                    .filter { !$0.isEmpty }.joined(separator: " ")
                model.trainingMessage = model.statusMessage
                model.performance = trained.performance
                model.evaluationManifest = OutputS3Object(bucket: bucket, key: manifestKey)
                model.evaluationResult = OutputS3Object(bucket: bucket, key: resultKey)
                model.evaluationEnd = trained.evaluationEnd
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
        var stage: TrainingProgress?
        let (project, version) = (project, version)
        while true {
            if let message = progress.message, message != last {
                last = message
                let noted = TrainingStages.noted(message, in: stage, at: context.now())
                stage = noted
                logger.info("\(message)", metadata: ["model": "\(project)/\(version)"])
                do {
                    try await lease.update { transaction in
                        guard var model = try transaction.model(project, version),
                            model.status == .training
                        else { return }
                        model.statusMessage = message
                        model.progress = noted
                        try transaction.save(model)
                    }
                } catch let error as StorageError where error.isPassing {
                    // A line of text is not worth a training; the next one may be written.
                    logger.warning("Progress was not noted", metadata: ["error": "\(error)"])
                }
            }
            try await context.clock.sleep(for: .seconds(1))
        }
    }

    /// The newest message of the work, for the callers that report progress.
    private final class Progress: Sendable {
        private let state = Mutex<String?>(nil)

        var message: String? { state.withLock { $0 } }

        func say(_ message: String) { state.withLock { $0 = message } }
    }
}
