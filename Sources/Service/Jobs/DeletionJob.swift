import Access
import Storage
import Wire

/// Removes a model: its files first, so that a crash leaves a model to be deleted again and no
/// files without one.
struct DeletionJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let version: Int

    func run() async throws {
        context.host.unload(project, version)
        try await context.models.remove(project, version)
        let (project, version) = (project, version)
        let arn = context.arns.model(project, version)
        try await lease.complete { transaction in
            try transaction.removeModel(project, version)
            try transaction.removeTags(nil, from: arn)
        }
    }

    /// The model goes back to where it can be deleted again.
    func fail(_ message: String) async throws {
        let (project, version) = (project, version)
        try await lease.complete(error: message) { transaction in
            guard var model = try transaction.model(project, version) else { return }
            model.status = model.performance == nil ? .trainingFailed : .hostingFailed
            model.statusMessage = "The model could not be deleted: \(message)"
            try transaction.save(model)
        }
    }
}
