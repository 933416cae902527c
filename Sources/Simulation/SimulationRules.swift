import Base
import FoundationEssentials
import Service
import Storage
import TestSupport
import Vision
import Wire

/// What must hold after every step of a simulation.
struct SimulationRules {
    /// Ended jobs are looked at again after so many changes.
    private static let endedInterval = 40

    let objects: MemoryObjectStore
    let stateBucket: String
    let hasNewer: Bool
    private(set) var snapshot = SimulationSnapshot()
    private var subjects: [UUID: JobSubject] = [:]
    private var ended: [UUID: JobRecord] = [:]
    private var checks = 0
    /// Which job made a component version.
    private var makers: [String: String] = [:]
    /// What was made for a client token, and for which.
    private var made: [String: String] = [:]

    init(objects: MemoryObjectStore, stateBucket: String, hasNewer: Bool) {
        (self.objects, self.stateBucket, self.hasNewer) = (objects, stateBucket, hasNewer)
    }

    var endedJobs: [JobRecord] { Array(ended.values) }

    private func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
        if !condition { throw SimulationViolation(reason()) }
    }

    mutating func check(_ metadata: SQLiteStore, all: Bool = false) async throws {
        checks += 1
        let looksBack = all || checks.isMultiple(of: Self.endedInterval)
        let known =
            snapshot.jobs.values.filter(\.isOpen).map(\.id) + (looksBack ? Array(ended.keys) : [])
        let (before, now) = (
            snapshot,
            try await metadata.look { [hasNewer] in
                try SimulationSnapshot($0, known: known, hasNewer: hasNewer)
            }
        )
        snapshot = now
        try checkJobs(before, now)
        try checkWork(now)
        try checkModels(before, now)
        try checkComponents(before, now)
        try checkPackagings(before, now)
        try checkObjects(now)
        try checkTokens(now)
        let lost = before.newer.with.intersection(now.newer.without)
        try require(lost.isEmpty, "What a newer program wrote is gone from \(lost.sorted()).")
    }

    // MARK: Jobs

    /// No job is lost, and each ends once, with the effect that it says.
    private mutating func checkJobs(
        _ before: SimulationSnapshot, _ now: SimulationSnapshot
    ) throws {
        for job in now.jobs.values {
            if subjects[job.id] == nil { subjects[job.id] = try JobSubject(of: job) }
            if let end = ended[job.id] {
                try require(job == end, "The job \(job.id) ended, and was changed: \(end), \(job).")
                continue
            }
            let old = before.jobs[job.id]
            try require(
                job.attempt >= old?.attempt ?? 0, "The job \(job.id) has fewer attempts: \(job).")
            if !job.isOpen {
                ended[job.id] = job
                try checkEnd(of: job, before, now)
            }
        }
        for job in before.jobs.values where job.isOpen {
            try require(now.jobs[job.id] != nil, "The job \(job) is gone.")
        }
    }

    private func checkEnd(
        of job: JobRecord, _ before: SimulationSnapshot, _ now: SimulationSnapshot
    ) throws {
        guard let subject = subjects[job.id], let project = now.projects[subject.project],
            before.projects[subject.project]?.created == project.created
        else { return }
        let isDone = job.state == .finished
        let (found, wanted): (String?, [String]) =
            switch subject {
            case .readManifest(let project, _, _, _):
                (
                    now.datasets[project]?.status.rawValue,
                    [isDone ? "CREATE_COMPLETE" : "CREATE_FAILED"]
                )
            case .updateEntries(let project, _, _):
                (
                    now.datasets[project]?.status.rawValue,
                    [isDone ? "UPDATE_COMPLETE" : "UPDATE_FAILED_ROLLBACK_COMPLETE"]
                )
            case .train(let project, let version):
                (
                    now.models["\(project)/\(version)"]?.status.rawValue,
                    [isDone ? "TRAINED" : "TRAINING_FAILED"]
                )
            case .startHosting(let project, let version):
                (
                    now.models["\(project)/\(version)"]?.status.rawValue,
                    [isDone ? "HOSTED" : "HOSTING_FAILED"]
                )
            case .stopHosting(let project, let version):
                (now.models["\(project)/\(version)"]?.status.rawValue, ["TRAINED"])
            case .deleteModel(let project, let version):
                (
                    now.models["\(project)/\(version)"]?.status.rawValue ?? "none",
                    isDone ? ["none"] : ["TRAINING_FAILED", "HOSTING_FAILED"]
                )
            case .package(let project, let name):
                (
                    now.packagings["\(project)/\(name)"]?.status.rawValue,
                    [isDone ? "SUCCEEDED" : "FAILED"]
                )
            }
        try require(
            found.map(wanted.contains) == true,
            "The job '\(subject)' is \(job.state.rawValue) (\(job.lastError ?? "")), and what it "
                + "was for is \(found ?? "gone").")
    }

    /// Whatever is being worked on has exactly one job, and every job works on something.
    private func checkWork(_ now: SimulationSnapshot) throws {
        var expected: [String] = []
        for (key, model) in now.models {
            switch model.status {
            case .training: expected.append("train \(key)")
            case .startingHosting: expected.append("start \(key)")
            case .stoppingHosting: expected.append("stop \(key)")
            case .deleting: expected.append("delete \(key)")
            default: break
            }
        }
        for (project, dataset) in now.datasets {
            switch dataset.status {
            case .createInProgress: expected.append("read \(project)")
            case .updateInProgress: expected.append("update \(project)")
            default: break
            }
        }
        for (key, job) in now.packagings where job.status == .created || job.status == .running {
            expected.append("package \(key)")
        }
        let open = now.jobs.values.filter(\.isOpen).compactMap { subjects[$0.id] }.map { subject in
            switch subject {
            case .readManifest(let project, _, _, _): "read \(project)"
            case .updateEntries(let project, _, _): "update \(project)"
            case .train(let project, let version): "train \(project)/\(version)"
            case .startHosting(let project, let version): "start \(project)/\(version)"
            case .stopHosting(let project, let version): "stop \(project)/\(version)"
            case .deleteModel(let project, let version): "delete \(project)/\(version)"
            case .package(let project, let name): "package \(project)/\(name)"
            }
        }
        try require(
            expected.sorted() == open.sorted(),
            "There are jobs for \(open.sorted()), and work on \(expected.sorted()).")
    }

    // MARK: Models

    private static let steps: [ModelStatus: [ModelStatus]] = [
        .training: [.trained, .trainingFailed],
        .trained: [.startingHosting, .deleting],
        .trainingFailed: [.deleting],
        .startingHosting: [.hosted, .hostingFailed],
        .hosted: [.stoppingHosting],
        .stoppingHosting: [.trained],
        .hostingFailed: [.startingHosting, .deleting],
        .deleting: [.trainingFailed, .hostingFailed],
    ]

    /// A model goes from state to state as it should, its files are there and stay the same.
    private func checkModels(_ before: SimulationSnapshot, _ now: SimulationSnapshot) throws {
        for (key, model) in now.models {
            let old = before.models[key].flatMap { $0.created == model.created ? $0 : nil }
            if let old {
                try require(
                    old.status == model.status
                        || Self.steps[old.status]?.contains(model.status) == true,
                    "The model \(key) went from \(old.status) to \(model.status).")
                try require(
                    old.files == nil || old.files == model.files,
                    "The files of \(key) changed from \(old.files ?? "") to \(model.files ?? "").")
            } else {
                try require(model.status == .training, "The model \(key) began as \(model.status).")
            }
            try require(
                model.isTrained == (model.files != nil),
                "The model \(key) is \(model.status), and its files are \(model.files ?? "none").")
            // What is there is looked into once; that it stays there, always.
            if model.files != nil, old?.files == nil { try checkFiles(of: model, key) }
        }
        for (key, model) in before.models where now.models[key] == nil {
            try require(
                model.status == .deleting || now.projects[model.project] == nil,
                "The model \(key), which was \(model.status), is gone.")
        }
    }

    private func checkFiles(of model: ModelRecord, _ key: String) throws {
        let files = Self.keys(of: model).map {
            objects.object(ObjectLocation(bucket: stateBucket, key: $0))
        }
        guard let bytes = files[0], let graph = files[1] else {
            throw SimulationViolation("The model \(key) names files that are not there.")
        }
        let manifest = try ModelManifest(decoding: bytes)
        try require(
            manifest.files[ModelManifest.modelFileName] == Checksum.sha256(graph)
                && manifest.modelVersion == String(model.version),
            "The files of the model \(key) do not fit.")
    }

    private static func keys(of model: ModelRecord) -> [String] {
        model.files == nil
            ? [] : ModelLibrary.keys(of: model, prefix: ModelLibrary.sharedPrefix)
    }

    // MARK: Components and packages

    /// A component version is made once, and is what it was for ever.
    private mutating func checkComponents(
        _ before: SimulationSnapshot, _ now: SimulationSnapshot
    ) throws {
        for (key, row) in before.components {
            try require(now.components[key] == row, "The component \(key) was changed.")
        }
        for (key, row) in now.components where before.components[key] == nil {
            makers[key] = try row.summary.clientToken
        }
    }

    private func checkPackagings(_ before: SimulationSnapshot, _ now: SimulationSnapshot) throws {
        var versions: Set<String> = []
        for (key, job) in now.packagings {
            if let old = before.packagings[key], old.created == job.created,
                old.status == .succeeded || old.status == .failed
            {
                try require(old == job, "The packaging job \(key) ended, and was changed.")
            }
            guard job.status == .succeeded else { continue }
            guard let output = job.output?.greengrass else {
                throw SimulationViolation("The packaging job \(key) succeeded without a result.")
            }
            let version = "\(output.componentName)/\(output.componentVersion)"
            try require(
                versions.insert(version).inserted, "Two packaging jobs have made \(version).")
            let maker = now.jobs.values.first { job in
                guard case .package(let project, let name) = subjects[job.id] else { return false }
                return "\(project)/\(name)" == key && job.state == .finished
            }
            if let maker {
                try require(
                    makers[version] == maker.id.uuidString.lowercased(),
                    "The packaging job \(key) has \(version), which it did not make.")
            }
            try require(
                now.components[version] != nil, "\(key) made \(version), which is not there.")
        }
    }

    // MARK: Objects

    /// A token belongs to one change, so a repeated call makes again what was removed since.
    private mutating func checkTokens(_ now: SimulationSnapshot) throws {
        let models = now.models.map { ($1.description, "model \($0) of \($1.created)") }
        let packagings = now.packagings.map {
            ($1.description, "packaging job \($0) of \($1.created)")
        }
        let things = models + packagings
        let there = Set(things.map { $0.1 })
        for case (let token?, let thing) in things {
            if let first = made[token], first != thing {
                try require(
                    !there.contains(first), "The token \(token) made \(first) and \(thing).")
            }
            made[token] = thing
        }
    }

    /// Every object belongs to a row or is noted as belonging to none, and no row lacks one.
    private func checkObjects(_ now: SimulationSnapshot) throws {
        let named = try Self.named(now)
        let kept = Set(objects.keys(stateBucket))
        try require(
            named.isSubset(of: kept), "Rows name what is not there: \(named.subtracting(kept)).")
        try require(
            named.isDisjoint(with: now.staged),
            "Rows name what is to be removed: \(named.intersection(now.staged)).")
        let unknown = kept.subtracting(named).subtracting(now.staged)
        try require(unknown.isEmpty, "Nobody knows of the objects \(unknown.sorted()).")
    }

    private static func named(_ now: SimulationSnapshot) throws -> Set<String> {
        var named: Set<String> = []
        for model in now.models.values { named.formUnion(keys(of: model)) }
        for row in now.components.values { named.formUnion(try row.keys()) }
        return named
    }

    /// After everything has ended and a day has gone by.
    func checkRest() throws {
        try require(snapshot.staged.isEmpty, "Objects stay noted: \(snapshot.staged.sorted()).")
        let kept = Set(objects.keys(stateBucket))
        let named = try Self.named(snapshot)
        try require(kept == named, "Objects stay: \(kept.subtracting(named).sorted()).")
    }
}
