import Access
import FoundationEssentials
import Service
import Wire

/// Deletes a project with all that it has, step by step: the API deletes only what is empty.
struct DeletionPage {
    private let visit: Visit
    private let project: String

    init(_ visit: Visit, _ project: String) {
        self.visit = visit
        self.project = project
    }

    /// What would go, in numbers.
    func page() async throws -> ConsoleResponse { visit.html("deletion", try await values()) }

    private func values() async throws -> [String: Any] {
        let found = try await ProjectPages(visit).found(project)
        var datasets: [[String: Any]] = []
        for dataset in found.project.datasets {
            let description: DescribeDatasetResponse = try await visit.perform(
                .describeDataset,
                ["projectName": project, "datasetType": dataset.datasetType.rawValue])
            datasets.append([
                "title": visit.page.text("dataset_\(dataset.datasetType.rawValue)"),
                "total": description.datasetDescription.imageStats.total,
            ])
        }
        let busy = Self.busy(found, visit.page)
        let models = found.models.map { model -> [String: Any] in
            [
                "version": model.modelVersion, "status": model.status.rawValue,
                "f1": model.performance.map { Decimals.text($0.f1Score) } ?? "",
            ]
        }
        return [
            "title": visit.page.text("delete_project"), "project": project,
            "home": visit.home(project), "datasets": datasets, "models": models,
            "modelCount": models.count, "packageCount": try await packages(),
            "isBlocked": busy != nil, "blocked": busy ?? "",
            "remove": try await visit.button(.deleteProject, project: project),
        ]
    }

    /// How many packaging jobs there are; 0 for those who may not list them.
    private func packages() async throws -> Int {
        var count = 0
        do {
            try await visit.forEachPage(.listModelPackagingJobs, of: project) {
                (page: ListModelPackagingJobsResponse) in
                count += page.modelPackagingJobs.count
                return page.nextToken
            }
        } catch is AccessError {
            return 0
        }
        return count
    }

    /// Models that nobody should lose by one press.
    private static func busy(_ found: ProjectPages.Found, _ page: Page) -> String? {
        let kept: Set<ModelStatus> = [
            .hosted, .startingHosting, .stoppingHosting, .training, .systemUpdating,
        ]
        let names = found.models.filter { kept.contains($0.status) }.map {
            "\($0.modelVersion) (\(page.text("status_\($0.status.rawValue)")))"
        }
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }

    /// Does what can be done now. Models go by jobs, so the page comes again until they are gone.
    func delete() async throws -> ConsoleResponse {
        // All rights first: half a project would be worse than none.
        for operation in [Wire.Operation.deleteProject, .deleteModel, .deleteDataset] {
            let input = JSONValue.object(["ProjectName": .string(project)])
            if let reason = try await visit.operations.refusal(of: operation, input) {
                throw AccessError(.accessDenied, reason)
            }
        }
        guard visit.request.form["confirm"] == project else {
            throw WireError.validation(visit.page.text("delete_wrongName"))
        }
        let found = try await ProjectPages(visit).found(project)
        if let busy = Self.busy(found, visit.page) {
            throw WireError.conflict(
                "\(visit.page.text("delete_blocked")) \(busy)", .project, project)
        }
        for model in found.models where model.status != .deleting {
            let _: DeleteModelResponse = try await visit.perform(
                .deleteModel, ["projectName": project, "modelVersion": model.modelVersion])
        }
        for dataset in found.project.datasets {
            let _: EmptyResponse = try await visit.perform(
                .deleteDataset,
                ["projectName": project, "datasetType": dataset.datasetType.rawValue])
        }
        let isJSON = visit.request.header("accept")?.contains("application/json") ?? false
        if !found.models.isEmpty {
            if isJSON { return try visit.json(.object(["left": .integer(found.models.count)])) }
            var values = try await values()
            values["isGoing"] = true
            return visit.html("deletion", values)
        }
        let _: DeleteProjectResponse = try await visit.perform(
            .deleteProject, ["projectName": project])
        return isJSON
            ? try visit.json(.object(["left": .integer(0)])) : .redirect("/console/projects")
    }
}
