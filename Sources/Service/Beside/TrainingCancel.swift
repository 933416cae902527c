import Access
import Storage
import Wire

extension Operations {
    /// Ends a training that is queued or at work, which the API cannot. Who may delete the model
    /// may do it; the model is TRAINING_FAILED then and can be deleted.
    ///
    /// - Throws: `accessDenied` without DeleteModel; `resourceNotFound`; `conflict` for a model
    ///   that is not in training.
    package func cancelTraining(_ project: String, _ version: String) async throws {
        try await authorize(
            .deleteModel,
            .object(["ProjectName": .string(project), "ModelVersion": .string(version)]))
        let (now, name) = (context.now(), caller.principal.userName ?? "root")
        try await context.metadata.write { transaction in
            var model = try Lookup.model(project, version, transaction)
            guard model.status == .training else {
                throw WireError.conflict(
                    "The model is \(model.status.rawValue); only a training can be cancelled.",
                    .model, "\(model.project)/\(model.version)")
            }
            let reason = "The training was cancelled by \(name)."
            // A worker that has the job learns of it with the next renewal, and writes nothing.
            for var job in try transaction.openJobs(project: project) {
                guard case .train(_, model.version) = try? JobSubject(of: job) else { continue }
                job.cancel(reason: reason, now: now)
                try transaction.save(job)
            }
            model.status = .trainingFailed
            model.statusMessage = reason
            try transaction.save(model)
        }
    }
}
