import FoundationEssentials
package import Storage
import Wire

/// What stands at the moment: jobs and hosted models.
package struct Gauges: Sendable {
    package struct HostedModel: Sendable {
        package let project: String
        package let version: Int
        package let minUnits: Int
        package let maxUnits: Int
        /// Units that the calls at hand want, within the two bounds.
        package let desiredUnits: Int
        package let waitingCalls: Int
        /// In force; nil for a model that is not in memory yet.
        package let threshold: Double?
    }

    package let jobs: [JobCount]
    /// Seconds since the oldest job that could be done now came to the queue.
    package let queueAgeSeconds: [String: Double]
    package let hosted: [HostedModel]
    package let memory: ModelHost.Memory

    package init(_ context: ServiceContext) async throws {
        let now = context.now()
        let (jobs, models) = try await context.metadata.read {
            (try $0.countJobs(), try $0.models(status: .hosted))
        }
        self.jobs = jobs
        memory = context.host.memory
        queueAgeSeconds = jobs.filter { $0.state == .queued }.reduce(into: [:]) { ages, job in
            ages[job.kind] = max(0, now.timeIntervalSince(job.oldest))
        }
        hosted = models.map { model in
            let calls = context.host.calls(model) ?? (running: 0, waiting: 0)
            let minimum = max(1, model.minInferenceUnits ?? 1)
            return HostedModel(
                project: model.project, version: model.version, minUnits: minimum,
                maxUnits: model.inferenceUnits,
                desiredUnits: min(
                    max(calls.running + calls.waiting, minimum), model.inferenceUnits),
                waitingCalls: calls.waiting,
                threshold: model.threshold ?? context.host.threshold(model))
        }
    }
}
