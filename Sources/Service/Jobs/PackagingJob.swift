import Base
import FoundationEssentials
import NIOPosix
import Storage
import Vision
import Wire

/// Writes a model's package and registers it as a Greengrass component.
struct PackagingJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let jobName: String

    private var clientToken: String { lease.id.uuidString.lowercased() }

    func run() async throws {
        let (job, target) = try await begin()
        let model = try await packageable(job)
        let (name, version) = (target.component, target.version)
        if let existing = try await context.registry.component(name, version: version) {
            // A server that died between registering and saying so finds its own component.
            guard existing.clientToken == clientToken else {
                throw JobError(
                    "The component \(name) already has a version \(version). Choose another "
                        + "ComponentVersion.")
            }
            return try await succeed(existing)
        }
        let bucket = target.archive.bucket
        guard try await context.objects.bucketExists(bucket) else {
            throw JobError(
                "The bucket \(bucket) of S3OutputLocation does not exist. Create it and start a "
                    + "new packaging job.")
        }
        let existed = try await context.objects.head(target.archive) != nil
        do {
            try await publish(job, target, model)
        } catch let error as ComponentError {
            // A registry that was asked by a worker without a lease may refuse for that reason
            // alone, and the archive may be its successor's.
            try Task.checkCancellation()
            try await lease.renew()
            if !existed { try? await context.objects.delete(target.archive) }
            throw JobError(error.message)
        }
    }

    func fail(_ message: String) async throws {
        try await finish(.failed, message, output: nil, error: message)
    }

    private func begin() async throws -> (PackagingRecord, PackagingTarget) {
        let (project, jobName, now) = (project, jobName, context.now())
        return try await lease.update { transaction in
            guard var job = try transaction.packagingJob(project, jobName) else {
                throw JobError("The packaging job was deleted.")
            }
            let name = job.configuration.greengrass.componentName
            let other = try transaction.runningPackagingJob(
                component: name, version: job.componentVersion)
            if let other, other.project != project || other.jobName != jobName {
                throw JobError(
                    "The packaging job \(other.jobName) of project \(other.project) is making "
                        + "\(name) \(job.componentVersion) right now. Choose another "
                        + "ComponentVersion.")
            }
            if job.basis == nil {
                let model = try transaction.model(project, job.modelVersion)
                job.basis = PackagingRecord.Basis(threshold: model?.threshold)
            }
            let target = try job.target ?? Self.target(of: job)
            job.target = target
            job.status = .running
            job.statusMessage = "Packaging model \(project)/\(job.modelVersion)."
            job.updated = now
            try transaction.save(job, componentVersion: job.componentVersion)
            return (job, target)
        }
    }

    /// What a job is to make whose record was written before records had targets.
    private static func target(of job: PackagingRecord) throws(JobError) -> PackagingTarget {
        let greengrass = job.configuration.greengrass
        do {
            return try PackagingTarget(
                greengrass, component: greengrass.component(),
                device: PackagingTarget.Device(resolving: greengrass), project: job.project,
                modelVersion: job.modelVersion)
        } catch {
            throw JobError(error.message)
        }
    }

    private func packageable(_ job: PackagingRecord) async throws -> ModelRecord {
        let project = project
        let model = try await context.metadata.read { try $0.model(project, job.modelVersion) }
        let deleted = JobError(
            "The model \(project)/\(job.modelVersion) was deleted before it was packaged.")
        guard let model else { throw deleted }
        switch model.status {
        case .trained, .startingHosting, .hosted, .hostingFailed, .stoppingHosting,
            .systemUpdating:
            return model
        case .deleting: throw deleted
        case .training, .trainingFailed:
            throw JobError("The model \(project)/\(job.modelVersion) is not trained.")
        }
    }

    /// Makes the archive, uploads it, and registers the component whose artifact it is. The
    /// registry takes the archive's bytes from the file that was uploaded.
    private func publish(_ job: PackagingRecord, _ target: PackagingTarget, _ model: ModelRecord)
        async throws
    {
        let (files, note) = try await PackageBuilder(context: context, project: project).files(
            of: model, threshold: job.basis?.threshold, device: target.device)
        let path = "\(context.temporaryDirectory)/\(UUID.random().uuidString).zip"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await context.pools.jobs.runIfActive { [context] in
            try DiskSpace.checkRoom(context.temporaryDirectory)
            try PackageArchive.write(files, to: path)
        }
        // A worker that was paused must not write over what its successor registers.
        try await lease.renew()
        try await context.objects.put(.file(path: path), at: target.archive)
        let greengrass = job.configuration.greengrass
        let recipe = try ComponentRecipe.model(
            name: target.component, version: target.version,
            description: greengrass.componentDescription
                ?? "Model \(project) version \(job.modelVersion)",
            architecture: target.device.architecture, archive: target.archive)
        let tags = (greengrass.tags ?? []).reduce(into: [:]) { $0[$1.key] = $1.value }
        // The upload took its time: a worker that lost the job meanwhile registers nothing.
        try await lease.renew()
        let component = try await context.registry.createComponentVersion(
            recipe, tags: tags, clientToken: clientToken, localFiles: [target.archive: path])
        try await succeed(component, note: note)
    }

    private func succeed(_ component: RegisteredComponent, note: String? = nil) async throws {
        let output = ModelPackagingOutputDetails(
            greengrass: GreengrassOutputDetails(
                componentVersionArn: component.arn, componentName: component.name.text,
                componentVersion: component.version.text))
        let message = ["The component was registered."] + (note.map { [$0] } ?? [])
        try await finish(
            .succeeded, message.joined(separator: " "), output: output, error: nil)
    }

    private func finish(
        _ status: PackagingStatus, _ message: String, output: ModelPackagingOutputDetails?,
        error: String?
    ) async throws {
        let (project, jobName, now) = (project, jobName, context.now())
        try await lease.complete(error: error) { transaction in
            guard var job = try transaction.packagingJob(project, jobName) else { return }
            job.status = status
            job.statusMessage = message
            job.output = output
            job.updated = now
            try transaction.save(job, componentVersion: job.componentVersion)
        }
    }
}
