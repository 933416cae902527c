import FoundationEssentials
import Storage
import Wire

/// Reads a dataset's manifest into its entries, batch by batch: it may be larger than the memory.
/// Until the last batch is in, the dataset is CREATE_IN_PROGRESS; after a failure it is empty.
struct ManifestJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let type: DatasetType
    let manifest: ObjectLocation
    let reader: PictureReader?

    func run() async throws {
        let (project, type) = (project, type)
        // An attempt before this one may have left some.
        try await lease.update { try $0.removeEntries(project: project, type: type) }
        var intake = DatasetIntake(
            context: context, project: project, name: manifest.uri,
            linesMax: context.limits.imagesMax(type),
            rights: try await PictureRights(of: reader, context))
        var batch: [DatasetEntry] = []
        let bytesMax = context.limits.manifestBytesMax
        try await context.objects.read(manifest, bytesMax: bytesMax) { chunk in
            batch += try await intake.entries(in: chunk)
            guard batch.count >= Limits.manifestBatchLines else { return }
            try await add(batch)
            batch = []
        }
        batch += try await intake.lastEntries()
        let notes = try await intake.saying()
        let (rest, location, now) = (batch, manifest, context.now())
        try await lease.complete { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            try transaction.addEntries(rest, project: project, type: type)
            dataset.stats = try transaction.countEntries(project: project, type: type)
            dataset.status = .createComplete
            var saying = DatasetSaying()
            saying.add(.routine, "The dataset was created from \(location.uri).")
            saying.add(notes)
            saying.write(to: &dataset)
            dataset.updated = now
            try transaction.save(dataset)
        }
    }

    func fail(_ message: String) async throws {
        let (project, type, now) = (project, type, context.now())
        try await lease.complete(error: message) { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            try transaction.removeEntries(project: project, type: type)
            dataset.status = .createFailed
            dataset.say(message)
            dataset.updated = now
            try transaction.save(dataset)
        }
    }

    private func add(_ batch: [DatasetEntry]) async throws {
        let (project, type) = (project, type)
        try await lease.update { try $0.addEntries(batch, project: project, type: type) }
    }
}
