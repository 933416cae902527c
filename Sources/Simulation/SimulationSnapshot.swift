import FoundationEssentials
import Service
import Storage
import Wire

/// The rows at one moment.
struct SimulationSnapshot: Sendable {
    /// What the simulation calls its projects.
    static let projectNames = ["p", "q"]

    var projects: [String: ProjectRecord] = [:]
    /// By project; there are only datasets for training.
    var datasets: [String: DatasetRecord] = [:]
    /// By `PROJECT/VERSION`.
    var models: [String: ModelRecord] = [:]
    /// By `PROJECT/JOB`.
    var packagings: [String: PackagingRecord] = [:]
    /// Those that are open, and those that were.
    var jobs: [UUID: JobRecord] = [:]
    var staged: Set<String> = []
    /// By `NAME/VERSION`.
    var components: [String: ComponentRow] = [:]
    /// Rows that a newer program has written to, and all others of the same tables; empty in lives
    /// without such programs.
    var newer: (with: Set<String>, without: Set<String>) = ([], [])

    init() {}

    /// - Parameter known: jobs that were open before.
    init(_ transaction: MetadataTransaction, known: [UUID], hasNewer: Bool) throws {
        for project in Self.projectNames {
            for job in try transaction.openJobs(project: project) { jobs[job.id] = job }
            guard let record = try transaction.project(project) else { continue }
            projects[project] = record
            datasets[project] = try transaction.dataset(project, .train)
            for model in try transaction.models(project, before: nil, limit: .max) {
                models["\(project)/\(model.version)"] = model
            }
            for job in try transaction.packagingJobs(project, after: nil, limit: .max) {
                packagings["\(project)/\(job.jobName)"] = job
            }
        }
        if hasNewer { newer = try transaction.newerMembers() }
        for id in known where jobs[id] == nil { jobs[id] = try transaction.job(id) }
        for object in try transaction.stagedObjects(createdBefore: .distantFuture, limit: .max) {
            staged.insert(object.key)
        }
        for name in try transaction.componentNames(after: nil, limit: .max) {
            for version in try transaction.componentVersions(name) {
                components["\(name)/\(version)"] = try transaction.component(name, version)
            }
        }
    }
}

extension ComponentRow {
    /// What the registry remembers of a version, as far as it matters here.
    struct Summary: Decodable {
        struct Artifact: Decodable { let file: String }

        let clientToken: String
        let folder: String?
        let artifacts: [Artifact]?
    }

    var summary: Summary {
        get throws { try JSONDecoder().decode(Summary.self, from: document) }
    }

    /// Keys of its objects.
    func keys() throws -> [String] {
        let summary = try summary
        let folder = "components/\(name)/\(version)/\(summary.folder ?? "")"
        return (summary.artifacts ?? []).map { "\(folder)/\($0.file)" }
    }
}

extension ModelRecord {
    /// Whether the row must name files.
    var isTrained: Bool {
        switch status {
        case .trained, .startingHosting, .hosted, .hostingFailed, .stoppingHosting,
            .systemUpdating:
            true
        case .training, .trainingFailed: false
        case .deleting: files != nil
        }
    }
}

/// Something happened that must never happen.
struct SimulationViolation: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
