import Access
import Storage
import Wire

/// Removes a model: its row first, with a note of its files, so that no row is without files, and a
/// crash leaves no files that nobody knows of.
struct DeletionJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let version: Int

    func run() async throws {
        context.host.unload(project, version)
        let (project, version, models) = (project, version, context.models)
        let model = try await context.metadata.read { try $0.model(project, version) }
        let arn = context.arns.model(project, version)
        try await lease.complete { transaction in
            if let model = try transaction.model(project, version) {
                try models.disown(model, transaction)
            }
            try transaction.removeModel(project, version)
            try transaction.removeTags(nil, from: arn)
        }
        if let model { await models.discard(model) }
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
