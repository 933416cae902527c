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
        let job = try await begin()
        let greengrass = job.configuration.greengrass
        let (name, version) = (greengrass.componentName, job.componentVersion)
        let model = try await packageable(job)
        if let existing = try await context.registry.component(name, version: version) {
            // A server that died between registering and saying so finds its own component.
            guard existing.clientToken == clientToken else {
                throw JobError(
                    "The component \(name) already has a version \(version). Choose another "
                        + "ComponentVersion.")
            }
            return try await succeed(existing)
        }
        let bucket = greengrass.s3OutputLocation.bucket
        guard try await context.objects.bucketExists(bucket) else {
            throw JobError(
                "The bucket \(bucket) of S3OutputLocation does not exist. Create it and start a "
                    + "new packaging job.")
        }
        let stem = GreengrassConfiguration.archiveStem(
            project: project, modelVersion: String(job.modelVersion))
        let location = greengrass.archive(
            project: project, modelVersion: String(job.modelVersion), componentVersion: version)
        let existed = try await context.objects.head(location) != nil
        do {
            let note = try await upload(job, model, to: location)
            let recipe = ComponentRecipe.model(
                name: name, version: version,
                description: greengrass.componentDescription
                    ?? "Model \(project) version \(job.modelVersion)",
                architecture: try PackagingTarget(greengrass).architecture, stem: stem,
                archive: location.uri)
            let tags = (greengrass.tags ?? []).reduce(into: [:]) { $0[$1.key] = $1.value }
            // The upload took its time: whoever lost the job meanwhile registers nothing.
            try await lease.renew()
            let component = try await context.registry.createComponentVersion(
                recipe: try recipe.portable(), tags: tags, clientToken: clientToken)
            try await succeed(component, note: note)
        } catch let error as ComponentError {
            // A registry that was asked by a worker without a lease may refuse for that reason
            // alone, and the archive may be its successor's.
            try Task.checkCancellation()
            try await lease.renew()
            if !existed { try? await context.objects.delete(location) }
            throw JobError(error.message)
        } catch let error as WireError {
            throw JobError(error.message)
        }
    }

    func fail(_ message: String) async throws {
        try await finish(.failed, message, output: nil, error: message)
    }

    private func begin() async throws -> PackagingRecord {
        let (project, jobName, now) = (project, jobName, context.now())
        return try await withUpdated { transaction in
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
            job.status = .running
            job.statusMessage = "Packaging model \(project)/\(job.modelVersion)."
            job.updated = now
            try transaction.save(job, componentVersion: job.componentVersion)
            return job
        }
    }

    /// An update through the lease that also returns something.
    private func withUpdated(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> PackagingRecord
    ) async throws -> PackagingRecord {
        try await lease.update { _ = try body($0) }
        let (project, jobName) = (project, jobName)
        guard let job = try await context.metadata.read({ try $0.packagingJob(project, jobName) })
        else { throw JobError("The packaging job was deleted.") }
        return job
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

    /// - Returns: what is to be said about the package.
    private func upload(
        _ job: PackagingRecord, _ model: ModelRecord, to location: ObjectLocation
    ) async throws -> String? {
        let (files, note) = try await PackageBuilder(context: context, project: project).files(
            of: model, threshold: job.basis?.threshold,
            target: try PackagingTarget(job.configuration.greengrass))
        let path = "\(context.temporaryDirectory)/\(UUID().uuidString).zip"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await context.pool.runIfActive { try PackageArchive.write(files, to: path) }
        // A worker that was paused must not write over what its successor registers.
        try await lease.renew()
        try await context.objects.put(.file(path: path), at: location)
        return note
    }

    private func succeed(_ component: ComponentVersion, note: String? = nil) async throws {
        let output = ModelPackagingOutputDetails(
            greengrass: GreengrassOutputDetails(
                componentVersionArn: component.arn, componentName: component.name,
                componentVersion: component.version))
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
