package import Storage
package import Wire

/// What the rows of a project's models say beyond the API's answers.
extension Operations {
    /// How far the trainings of a project have come, by the model's version.
    ///
    /// - Returns: nothing for a training that has not begun.
    /// - Throws: `accessDenied` without ListModels.
    package func trainings(of project: String) async throws -> [String: TrainingProgress] {
        try await authorize(.listModels, .object(["ProjectName": .string(project)]))
        return try await context.metadata.read { transaction in
            let models = try transaction.models(
                project, before: nil, limit: Limits.pageSizeDefault)
            return models.reduce(into: [:]) { found, model in
                guard model.status == .training else { return }
                found[String(model.version)] = model.progress
            }
        }
    }

    /// What a training said, also after its end; nil for a model that was trained before it was
    /// kept.
    ///
    /// - Throws: `accessDenied` without DescribeModel; `resourceNotFound`.
    package func training(of project: String, _ version: String) async throws -> TrainingProgress? {
        try await authorize(
            .describeModel,
            .object(["ProjectName": .string(project), "ModelVersion": .string(version)]))
        return try await context.metadata.read {
            try Lookup.model(project, version, $0).progress
        }
    }

    /// What packaging jobs of a project were asked for and made, by the job's name.
    ///
    /// - Parameter names: those of a page.
    /// - Returns: nothing for callers who may not describe them.
    package func packagings(of project: String, _ names: [String]) async throws
        -> [String: ModelPackagingDescription]
    {
        guard try await mayUse(.describeModelPackagingJob, project) else { return [:] }
        return try await context.metadata.read { transaction in
            let jobs = try names.compactMap { try transaction.packagingJob(project, $0) }
            return jobs.reduce(into: [:]) { found, job in
                found[job.jobName] = ModelPackagingDescription(
                    metadata: job.metadata, configuration: job.configuration, output: job.output)
            }
        }
    }

    /// What the list of projects shows beside the API's answer.
    package struct ProjectsOverview: Sendable {
        /// The newest model of each project that was asked about, by the project's name; without
        /// those of projects whose models the caller may not list.
        package let newest: [String: ModelMetadata]
        /// What the models of a project judged, by its name, in the order of the days; a day
        /// without any is left out. All projects are in it that the caller may describe.
        package let days: [String: [DetectionDay]]
        /// How many projects there are, and how many models are hosted.
        package let projects: Int
        package let hosted: Int
    }

    /// - Parameters:
    ///   - names: of projects, ascending by their bytes, without one between them left out.
    ///   - days: counted back from today, which is one of them.
    /// - Throws: `accessDenied` without ListProjects.
    package func overview(of names: [String], days: Int) async throws -> ProjectsOverview {
        try await authorize(.listProjects, .object([:]))
        let first = DetectionLedger.day(of: context.now()) - days + 1
        let (models, counts, projects, hosted) = try await context.metadata.read { transaction in
            try (
                transaction.newestModels(from: names.first ?? "", to: names.last ?? ""),
                transaction.detectionDays(from: first), transaction.countProjects(),
                transaction.countModels(status: .hosted)
            )
        }
        var newest: [String: ModelMetadata] = [:]
        for model in models where try await mayUse(.listModels, model.project) {
            newest[model.project] = model.metadata(context.arns)
        }
        var judged: [String: [DetectionDay]] = [:]
        for (project, days) in Dictionary(grouping: counts, by: \.project)
        where try await mayUse(.describeProject, project) {
            judged[project] = days
        }
        return ProjectsOverview(newest: newest, days: judged, projects: projects, hosted: hosted)
    }

    private func mayUse(_ operation: Wire.Operation, _ project: String) async throws -> Bool {
        try await refusal(of: operation, .object(["ProjectName": .string(project)])) == nil
    }
}
