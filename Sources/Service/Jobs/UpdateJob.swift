import FoundationEssentials
import Storage
import Wire

/// Applies the changes that UpdateDatasetEntries kept: all of them, or none.
struct UpdateJob: JobRunner {
    let context: ServiceContext
    let lease: JobLease
    let project: String
    let type: DatasetType
    let reader: PictureReader?

    func run() async throws {
        let (project, type, now) = (project, type, context.now())
        let linesMax = context.limits.imagesMax(type)
        let changes = try await context.metadata.read {
            try $0.change(project: project, type: type)
        }
        guard let changes else { throw JobError("The changes are gone.") }
        var intake = DatasetIntake(
            context: context, project: project, name: "Changes", linesMax: linesMax,
            rights: try await PictureRights(of: reader, context), takesRemovals: true)
        let changed = try await intake.entries(in: changes)
        let last = try await intake.lastEntries()
        // Of several lines about one image the last counts.
        let removals = intake.removals ?? []
        let entries = (changed + last).filter { !removals.contains($0.sourceRef) }
        let notes = try await intake.saying()
        try await lease.complete { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            let removed = try transaction.removeEntries(
                of: removals.sorted(), project: project, type: type)
            try transaction.addEntries(entries, project: project, type: type)
            dataset.stats = try transaction.countEntries(project: project, type: type)
            guard dataset.stats.total <= linesMax else {
                throw JobError(
                    "The dataset would have \(dataset.stats.total) images; at most \(linesMax) "
                        + "are allowed.")
            }
            dataset.status = .updateComplete
            var saying = DatasetSaying()
            saying.add(.routine, "\(Self.were(entries.count, noun: true)) added or replaced.")
            if !removals.isEmpty { saying.add(.routine, "\(Self.were(removed)) removed.") }
            saying.add(notes)
            saying.write(to: &dataset)
            dataset.updated = now
            try transaction.save(dataset)
            try transaction.saveChange(nil, project: project, type: type)
        }
    }

    /// "1 entry was", "2 entries were", "2 were".
    private static func were(_ count: Int, noun: Bool = false) -> String {
        let entries = noun ? count == 1 ? " entry" : " entries" : ""
        return "\(count)\(entries) \(count == 1 ? "was" : "were")"
    }

    /// What people read about changes that were not made.
    static func refusal(_ reason: String) -> String { "Nothing was changed. \(reason)" }

    func fail(_ message: String) async throws {
        let (project, type, now) = (project, type, context.now())
        try await lease.complete(error: message) { transaction in
            guard var dataset = try transaction.dataset(project, type) else { return }
            dataset.status = .updateFailedRollbackComplete
            dataset.say(Self.refusal(message))
            dataset.updated = now
            try transaction.save(dataset)
            try transaction.saveChange(nil, project: project, type: type)
        }
    }
}
