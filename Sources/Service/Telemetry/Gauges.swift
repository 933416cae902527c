import FoundationEssentials
package import Storage
import Wire

/// What stands at the moment: jobs and hosted models.
package struct Gauges: Sendable {
    /// A model whose row says that it is hosted, whether or not it is in this process's memory.
    package struct HostedModel: Sendable {
        /// Label of the samples.
        package let project: String
        /// Number of the model's version in the project, from 1.
        package let version: Int
        /// MinInferenceUnits; at least 1.
        package let minUnits: Int
        /// MaxInferenceUnits: how many calls run at once.
        package let maxUnits: Int
        /// Units that the calls at hand want, within the two bounds.
        package let desiredUnits: Int
        /// Calls in this process that wait for a unit.
        package let waitingCalls: Int
        /// In force; nil for a model that is not in memory yet.
        package let threshold: Double?
    }

    /// Counts by kind and state, of the whole installation.
    package let jobs: [JobCount]
    /// Seconds since the oldest job that could be done now came to the queue.
    package let queueAgeSeconds: [String: Double]
    /// Of the whole installation.
    package let hosted: [HostedModel]
    /// Of this process.
    package let memory: ModelHost.Memory

    /// Reads the rows in one transaction.
    ///
    /// - Throws: `StorageError` when the database cannot be read.
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
