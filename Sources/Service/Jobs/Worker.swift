package import FoundationEssentials
import Logging
import ServiceLifecycle
import Storage
import Vision

/// Claims jobs and does them, a few at a time, until the process stops.
///
/// Stopping gives the jobs at hand back to the queue; a crash leaves them to be claimed again when
/// their leases end. Any number of workers may share a store.
package struct Worker: Service {
    private let context: ServiceContext
    private let lanes: [WorkerLane]
    private let id: UUID

    /// - Parameter id: the member that does the work.
    package init(context: ServiceContext, lanes: [WorkerLane] = WorkerLane.standard, id: UUID) {
        self.context = context
        self.lanes = lanes
        self.id = id
    }

    /// Works on all lanes at once until a graceful shutdown, which gives the jobs at hand back to
    /// the queue.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for lane in lanes {
                    for _ in 0..<lane.places { group.addTask { await work(on: lane) } }
                }
            }
        }
    }

    private func work(on lane: WorkerLane) async {
        while !Task.isCancelled {
            let told = context.metadata.changes.count(.jobs)
            do {
                if try await !workOnce(on: lane) { try await rest(beyond: told) }
            } catch is CancellationError {
                return
            } catch {
                context.logger.error("Jobs could not be claimed", metadata: ["error": "\(error)"])
                try? await context.clock.sleep(for: .seconds(1))
            }
        }
    }

    /// Waits until a job is announced, or until it is time to look for those whose pause or
    /// lease has ended. Workers do not look all at the same time.
    private func rest(beyond told: Int) async throws {
        let pause =
            Duration.milliseconds(Limits.jobPollMilliseconds) * (0.8 + 0.4 * context.random())
        let (changes, clock) = (context.metadata.changes, context.clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await clock.sleep(for: pause) }
            group.addTask { await changes.wait(for: .jobs, beyond: told) }
            try await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// Does one job, if there is one.
    ///
    /// - Returns: whether there was one.
    package func workOnce(on lane: WorkerLane) async throws -> Bool {
        guard let (job, claim) = try await claim(lane) else { return false }
        await perform(job, claim)
        return true
    }

    private func claim(_ lane: WorkerLane) async throws -> (JobRecord, JobRecord.Claim)? {
        let (now, id) = (context.now(), id)
        let kinds = lane.kinds.map(\.rawValue)
        return try await context.metadata.write { transaction in
            // Times may be rounded in the database, by less than anybody notices.
            guard var job = try transaction.claimableJob(kinds: kinds, now: now),
                job.isClaimable(now: now)
            else { return nil }
            let claim = job.claim(by: id, now: now)
            try transaction.save(job)
            return (job, claim)
        }
    }

    private func perform(_ job: JobRecord, _ claim: JobRecord.Claim) async {
        var logger = context.logger
        logger[metadataKey: "job"] = "\(job.id.uuidString.prefix(8))"
        logger[metadataKey: "kind"] = "\(job.kind)"
        let lease = JobLease(
            id: job.id, owner: id, attempt: job.attempt, metadata: context.metadata,
            now: context.now, random: context.random)
        do {
            if claim == .postponed {
                logger.warning(
                    "Job was interrupted several times and rests",
                    metadata: ["interruptions": "\(job.interruptions)"])
                return
            }
            let subject: JobSubject
            do {
                subject = try JobSubject(of: job)
            } catch  where claim == .giveUp {
                // No program has known what to do, so nobody can mark what it was for.
                try await lease.complete(error: "The job cannot be read: \(error)") { _ in }
                throw error
            }
            let runner = subject.runner(context: context, lease: lease, logger: logger)
            logger.info(
                "Job begun", metadata: ["subject": "\(subject)", "attempt": "\(job.attempt)"])
            switch claim {
            case .run, .postponed: try await attempt(runner, lease, logger)
            case .giveUp:
                let last = job.lastError.map { " The last error was: \($0)" } ?? ""
                try await runner.fail(
                    "The work was interrupted \(job.interruptions) times, each time by the end of "
                        + "the process that did it." + last
                        + " Try again; if it happens again, the server's log tells more.")
            }
        } catch {
            logger.error("Job left to its lease", metadata: ["error": "\(error)"])
        }
    }

    private func attempt(_ runner: any JobRunner, _ lease: JobLease, _ logger: Logger) async throws
    {
        do {
            try await withHeartbeat(lease, logger) { try await runner.run() }
            logger.info("Job finished")
        } catch {
            switch JobFailure(error) {
            case .lost:
                logger.warning("Job was taken over by another worker")
            case .stopped:
                logger.info("Job given back, the server is stopping")
                try await Shield.run { try await lease.release() }
            case .passing(let reason):
                logger.warning(
                    "Job failed, to be tried again", metadata: ["error": "\(reason.log)"])
                if try await !lease.retry(error: reason.client) {
                    try await runner.fail(reason.client)
                }
            case .final(let reason):
                logger.notice("Job failed", metadata: ["error": "\(reason.log)"])
                try await runner.fail(reason.client)
            }
        }
    }

    /// Renews the lease while `body` runs; a lost lease cancels it. The work goes on while the
    /// database cannot be reached, even beyond the lease: whatever is written asks for it again.
    private func withHeartbeat(
        _ lease: JobLease, _ logger: Logger, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let clock = context.clock
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await clock.sleep(for: .seconds(Limits.leaseSeconds / 3))
                    do {
                        try await lease.renew()
                    } catch let error as StorageError where error.isPassing {
                        logger.warning("Lease not renewed", metadata: ["error": "\(error)"])
                    }
                }
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            // The heartbeat never returns, so the first result is the body's or an error.
            try await group.next()
        }
    }
}

/// The work of one kind of job.
protocol JobRunner: Sendable {
    /// Does the work and completes the lease.
    func run() async throws
    /// Marks what the work was for as failed, and ends the job.
    func fail(_ message: String) async throws
}

extension JobSubject {
    func runner(context: ServiceContext, lease: JobLease, logger: Logger) -> any JobRunner {
        switch self {
        case .readManifest(let project, let type, let manifest, let reader):
            ManifestJob(
                context: context, lease: lease, project: project, type: type, manifest: manifest,
                reader: reader)
        case .train(let project, let version):
            TrainingJob(
                context: context, lease: lease, logger: logger, project: project, version: version)
        case .startHosting(let project, let version):
            StartHostingJob(context: context, lease: lease, project: project, version: version)
        case .stopHosting(let project, let version):
            StopHostingJob(context: context, lease: lease, project: project, version: version)
        case .package(let project, let jobName):
            PackagingJob(context: context, lease: lease, project: project, jobName: jobName)
        case .updateEntries(let project, let type, let reader):
            UpdateJob(
                context: context, lease: lease, project: project, type: type, reader: reader)
        case .deleteModel(let project, let version):
            DeletionJob(context: context, lease: lease, project: project, version: version)
        }
    }
}

extension Worker {
    /// Lets the jobs of a worker that is known to be dead be claimed at once. Only for stores that
    /// no other process uses.
    package static func adoptOrphans(_ context: ServiceContext) async throws {
        let now = context.now()
        try await context.metadata.write { transaction in
            for var job in try transaction.runningJobs() {
                job.orphan(now: now)
                try transaction.save(job)
            }
        }
    }
}
