import FoundationEssentials
import Service
import Storage
import Wire

/// The list of projects, and the page of one.
struct ProjectPages {
    /// The bucket for images and results of projects that are run in the console.
    static let bucket = "spotter-console"

    private let visit: Visit

    init(_ visit: Visit) { self.visit = visit }

    func projects() async throws -> ConsoleResponse {
        if visit.request.method == "POST" {
            let name = visit.request.form["name"] ?? ""
            let _: CreateProjectResponse = try await visit.perform(
                .createProject, [:], ["ProjectName": .string(name)])
            // An empty one, which takes images at once. A test dataset is made when it is wanted:
            // with an empty one nothing could be trained.
            let _: CreateDatasetResponse = try await visit.perform(
                .createDataset, ["projectName": name], ["DatasetType": .string("train")])
            return .redirect(visit.home(name))
        }
        let token = visit.request.parameter("after")
        let list: ListProjectsResponse = try await visit.perform(
            .listProjects, query: token.map { [("nextToken", $0)] } ?? [])
        let overview = try await visit.operations.overview(
            of: list.projects.map(\.projectName), days: ConsoleLimits.sparklineDays)
        return visit.html(
            "projects",
            [
                "title": visit.page.text("projects_title"),
                "projects": list.projects.map { row($0, overview) },
                "isEmpty": list.projects.isEmpty, "next": list.nextToken ?? "",
                "create": try await visit.button(.createProject),
                "totals": DetectionTotals(overview, last: today).values(visit.page),
                "hasTotals": overview.projects > 0,
            ])
    }

    private var today: Int { DetectionLedger.day(of: visit.context.now()) }

    private func row(_ project: ProjectMetadata, _ overview: Operations.ProjectsOverview)
        -> [String: Any]
    {
        let name = project.projectName
        var row: [String: Any] = [
            "name": name, "home": visit.home(name), "created": Self.day(project.creationTimestamp),
        ]
        if let newest = overview.newest[name] { row["model"] = model(name, newest) }
        if let days = overview.days[name] {
            row["spark"] = Sparkline(days, last: today).values(visit.page)
        }
        return row
    }

    // MARK: One project

    func project(_ name: String) async throws -> ConsoleResponse {
        let found = try await found(name)
        let described = try await described(found.project)
        let datasets = try await datasets(found.project, described)
        let trainings = try await visit.operations.trainings(of: name)
        // The state of the page is that of the newest; somebody may look at older ones.
        var older: (jobs: [ModelPackagingJobMetadata], next: String?)?
        if let token = visit.request.parameter("jobs") {
            older = try await jobs(of: name, after: token)
        }
        let jobs = older?.jobs ?? found.jobs
        let packagings = try await visit.operations.packagings(of: name, jobs.map(\.jobName))
        var values: [String: Any] = [
            "title": name, "name": name, "home": visit.home(name), "datasets": datasets,
            "models": found.models.map { model(name, $0, trainings) },
            "hasModels": !found.models.isEmpty,
            "jobs": jobs.map { job(name, $0, packagings[$0.jobName]) },
            "hasJobs": !jobs.isEmpty, "areOlderJobs": older != nil,
            "nextJobs": FormCoding.segment((older == nil ? found.nextJobs : older?.next) ?? ""),
            "train": try await visit.trainButton(name, described),
            "remove": try await visit.button(.deleteProject, project: name),
            "isBusy": found.isBusy, "state": found.state,
        ]
        if let missing = Self.missing(datasets, visit.page) { values["missing"] = missing }
        return visit.html("project", values)
    }

    /// What pages ask for again and again while jobs are under way.
    func state(_ name: String) async throws -> ConsoleResponse {
        let found = try await found(name)
        let trainings = try await visit.operations.trainings(of: name)
        let now = visit.context.now()
        return try visit.json(
            .object([
                "state": .string(found.state),
                "messages": .object(
                    // The page is made anew with the messages of all when something has ended.
                    found.busyModels.reduce(into: [:]) {
                        $0[$1.modelVersion] = .string(visit.page.said($1.statusMessage))
                    }),
                "trainings": .object(
                    trainings.mapValues { training in
                        .object([
                            "share": .number(training.share),
                            "text": .string(
                                TrainingProgressText.line(training, at: now, visit.page)),
                        ])
                    }),
                "isBusy": .boolean(found.isBusy),
            ]))
    }

    /// A project with its models and packages.
    struct Found {
        let project: ProjectDescription
        let models: [ModelMetadata]
        /// The newest, as many as a page shows; empty for those who may not list them.
        let jobs: [ModelPackagingJobMetadata]
        /// Where the older ones begin; nil where there are none.
        let nextJobs: String?

        /// Changes when the status of anything does.
        var state: String {
            let parts =
                project.datasets.map { "\($0.datasetType.rawValue) \($0.status.rawValue)" }
                + models.map { "\($0.modelVersion) \($0.status.rawValue)" }
                + jobs.map { "\($0.jobName) \($0.status.rawValue)" }
            return parts.joined(separator: ", ")
        }

        var busyModels: [ModelMetadata] {
            let busy: Set<ModelStatus> = [
                .training, .startingHosting, .stoppingHosting, .deleting, .systemUpdating,
            ]
            return models.filter { busy.contains($0.status) }
        }

        var isBusy: Bool {
            !busyModels.isEmpty
                || project.datasets.contains { $0.status.rawValue.hasSuffix("IN_PROGRESS") }
                || jobs.contains { ![.succeeded, .failed].contains($0.status) }
        }
    }

    func found(_ name: String) async throws -> Found {
        let description: DescribeProjectResponse = try await visit.perform(
            .describeProject, ["projectName": name])
        let models = try await visit.models(of: name)
        let jobs = try? await jobs(of: name)
        return Found(
            project: description.projectDescription, models: models,
            jobs: jobs?.jobs ?? [], nextJobs: jobs?.next)
    }

    /// A page of packaging jobs, the newest first.
    private func jobs(of name: String, after token: String? = nil) async throws
        -> (jobs: [ModelPackagingJobMetadata], next: String?)
    {
        let size = String(ConsoleLimits.packagesPage)
        let page: ListModelPackagingJobsResponse = try await visit.perform(
            .listModelPackagingJobs, ["projectName": name],
            query: [("maxResults", size)] + (token.map { [("nextToken", $0)] } ?? []))
        return (page.modelPackagingJobs, page.nextToken)
    }

    func train(_ name: String) async throws -> ConsoleResponse {
        try await visit.operations.needBucket(Self.bucket)
        let note = visit.request.form["description"] ?? ""
        var body: [String: JSONValue] = [
            "OutputConfig": .object([
                "S3Location": .object([
                    "Bucket": .string(Self.bucket), "Prefix": .string("evaluations/"),
                ])
            ])
        ]
        if !note.isEmpty { body["Description"] = .string(note) }
        let _: CreateModelResponse = try await visit.perform(
            .createModel, ["projectName": name], body)
        return .redirect(visit.home(name))
    }

    private func described(_ project: ProjectDescription) async throws -> [DatasetDescription] {
        var descriptions: [DatasetDescription] = []
        for dataset in project.datasets {
            let found: DescribeDatasetResponse = try await visit.perform(
                .describeDataset,
                [
                    "projectName": project.projectName,
                    "datasetType": dataset.datasetType.rawValue,
                ])
            descriptions.append(found.datasetDescription)
        }
        return descriptions
    }

    private func datasets(_ project: ProjectDescription, _ described: [DatasetDescription])
        async throws -> [[String: Any]]
    {
        var rows: [[String: Any]] = []
        for type in [DatasetType.train, .test] {
            var row: [String: Any] = [
                "isTest": type == .test, "type": type.rawValue,
                "title": visit.page.text("dataset_\(type.rawValue)"),
                "project": project.projectName, "home": visit.home(project.projectName),
            ]
            if let found = described.first(where: { $0.datasetType == type }) {
                let stats = found.imageStats
                row["exists"] = true
                row["hasFailed"] = found.status == .createFailed
                row["remove"] = try await visit.button(
                    .deleteDataset, project: project.projectName)
                row["status"] = found.status.rawValue
                let (saying, hasFailed) = try await visit.operations.saying(
                    of: project.projectName, type)
                row["said"] =
                    [
                        "warning": saying.warning, "routine": saying.routine,
                        "isFailed": hasFailed,
                    ] as [String: Any]
                row["total"] = stats.total
                row["isEmpty"] = stats.total == 0
                row["normal"] = stats.normal
                row["anomaly"] = stats.anomaly
                row["unlabelled"] = stats.total - stats.labeled
            } else {
                row["create"] = try await visit.button(
                    .createDataset, project: project.projectName)
            }
            rows.append(row)
        }
        return rows
    }

    /// What is missing before a training can begin, in numbers.
    private static func missing(_ datasets: [[String: Any]], _ page: Page) -> String? {
        func count(_ index: Int, _ name: String) -> Int { datasets[index][name] as? Int ?? 0 }
        if datasets.contains(where: { $0["hasFailed"] as? Bool == true }) {
            return page.text("missing_dataset")
        }
        let hasTest = datasets[1]["exists"] != nil
        let wanted =
            hasTest
            ? [
                ("train", "normal", Limits.trainNormalImagesMin, count(0, "normal")),
                ("test", "normal", Limits.testNormalImagesMin, count(1, "normal")),
                ("test", "anomaly", Limits.testAnomalousImagesMin, count(1, "anomaly")),
            ]
            : [
                ("train", "normal", Limits.splitNormalImagesMin, count(0, "normal")),
                ("train", "anomaly", Limits.splitAnomalousImagesMin, count(0, "anomaly")),
            ]
        let lacking = wanted.filter { $0.3 < $0.2 }.map { type, kind, least, found in
            page.text("missing_\(type)_\(kind)").replacing("{n}", with: String(least - found))
        }
        return lacking.isEmpty ? nil : lacking.joined(separator: " ")
    }

    private func model(
        _ project: String, _ model: ModelMetadata, _ trainings: [String: TrainingProgress] = [:]
    ) -> [String: Any] {
        var row: [String: Any] = [
            "version": model.modelVersion, "status": model.status.rawValue,
            "message": model.statusMessage, "description": model.description ?? "",
            "created": Self.day(model.creationTimestamp),
            "page": "\(visit.home(project))/models/\(FormCoding.segment(model.modelVersion))",
        ]
        row["isTraining"] = model.status == .training
        if let training = trainings[model.modelVersion] {
            row["share"] = Decimals.text(training.share)
            row["progress"] = TrainingProgressText.line(
                training, at: visit.context.now(), visit.page)
        }
        if let performance = model.performance {
            row["f1"] = Self.decimals(performance.f1Score)
            row["precision"] = Self.decimals(performance.precision)
            row["recall"] = Self.decimals(performance.recall)
        }
        return row
    }

    /// - Parameter packaging: nil for those who may not describe the job.
    private func job(
        _ project: String, _ job: ModelPackagingJobMetadata, _ packaging: ModelPackagingDescription?
    ) -> [String: Any] {
        [
            "name": job.jobName, "version": job.modelVersion, "status": job.status.rawValue,
            "message": job.statusMessage, "created": OperatePage.time(job.creationTimestamp),
            "page": "\(visit.home(project))/packages/\(FormCoding.segment(job.jobName))",
            "title": packaging.map(PackagePage.title) ?? job.jobName,
            "target": packaging.map {
                PackagePage.target($0.modelPackagingConfiguration.greengrass)
            } ?? "",
        ]
    }

    static func day(_ date: Date) -> String { date.formatted(.iso8601.year().month().day()) }

    /// Three places.
    static func decimals(_ value: Double) -> String { Decimals.text(value) }
}
