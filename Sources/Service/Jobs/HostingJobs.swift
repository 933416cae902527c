import Storage
import Wire

/// Loads a model, so that it is known to answer. A process that answers calls keeps it; the others
/// load it when they hear that it is hosted, or with the first call that needs it.
struct StartHostingJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let version: Int

    func run() async throws {
        let (project, version) = (project, version)
        guard let model = try await context.metadata.read({ try $0.model(project, version) }) else {
            throw JobError("The model was deleted.")
        }
        try await context.host.load(model)
        try await finish(.hosted, nil, error: nil)
    }

    func fail(_ message: String) async throws {
        try await finish(.hostingFailed, message, error: message)
    }

    private func finish(_ status: ModelStatus, _ message: String?, error: String?) async throws {
        let (project, version) = (project, version)
        try await lease.complete(error: error) { transaction in
            guard var model = try transaction.model(project, version) else { return }
            model.status = status
            model.statusMessage = message
            try transaction.save(model)
        }
    }
}

/// Unloads a model.
struct StopHostingJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let version: Int

    func run() async throws {
        let (project, version) = (project, version)
        try await lease.complete { transaction in
            guard var model = try transaction.model(project, version) else { return }
            model.status = .trained
            model.statusMessage = model.trainingMessage
            model.minInferenceUnits = nil
            model.maxInferenceUnits = nil
            try transaction.save(model)
        }
        // Other processes see the row (`HostingWatch`).
        context.host.unload(project, version)
    }

    /// Nothing but the metadata can fail here; a model that is loaded for nothing does no harm.
    func fail(_ message: String) async throws { try await run() }
}
