import FoundationEssentials
import NIOPosix
import Service
import Vision
import Wire

/// Trials: images that a hosted model judges while somebody looks on, and says whether it is right.
struct TrialPages {
    private let visit: Visit
    private let project: String
    private let version: String

    init(_ visit: Visit, _ project: String, _ version: String) {
        self.visit = visit
        self.project = project
        self.version = version
    }

    func page() async throws -> ConsoleResponse {
        let found = try await ProjectPages(visit).found(project)
        let description: DescribeModelResponse = try await visit.perform(
            .describeModel, ["projectName": project, "modelVersion": version])
        let model = description.modelDescription
        let manifest = try? await visit.operations.manifest(of: project, version)
        let thresholds = try await visit.operations.thresholds(of: project, version)
        let datasets = found.project.datasets.map(\.datasetType)
        return visit.html(
            "trial",
            [
                "title": visit.page.text("trial_title"), "project": project,
                "projectHome": visit.home(project), "version": model.modelVersion,
                "home": "\(visit.home(project))/models/\(FormCoding.segment(version))",
                "status": model.status.rawValue, "isHosted": model.status == .hosted,
                "canStart": [.trained, .hostingFailed].contains(model.status),
                "isBusy": found.isBusy, "state": found.state,
                "width": manifest?.image.width ?? 640, "height": manifest?.image.height ?? 480,
                "threshold": thresholds.inForce.map { "\($0)" } ?? "",
                "unsure": thresholds.unsure.map { "\($0)" } ?? "",
                "hasTrain": datasets.contains(.train), "hasTest": datasets.contains(.test),
                "start": try await visit.button(.startModel, project: project, model: version),
                "detect": try await visit.button(
                    .detectAnomalies, project: project, model: version),
                "edit": try await visit.button(.updateDatasetEntries, project: project),
            ])
    }

    /// Images of a bucket, a page at a time.
    func objects() async throws -> ConsoleResponse {
        let prefix = visit.request.parameter("prefix") ?? ""
        let after = visit.request.parameter("after").flatMap { $0.isEmpty ? nil : $0 }
        let page = try await visit.operations.objects(
            below: prefix, after: after, limit: ConsoleLimits.galleryPage)
        let endings = [".png", ".jpg", ".jpeg"]
        return try visit.json(
            .object([
                "sources": .array(
                    page.references.filter { reference in
                        endings.contains { reference.lowercased().hasSuffix($0) }
                    }.map(JSONValue.string)),
                "next": page.next.map(JSONValue.string) ?? .null,
            ]))
    }

    /// Judges the image in the body, or the object that the query names.
    func inspect() async throws -> ConsoleResponse {
        var image = visit.request.body
        if let source = visit.request.parameter("source") {
            image = try await visit.operations.object(
                source, bytesMax: visit.context.limits.image.bytesMax)
        }
        let began = ContinuousClock.now
        let detection = try await visit.operations.inspect(project, version, image)
        let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
        var answer = try await visit.context.pools.images.runIfActive {
            try JudgePages.answer(
                detection, Array(detection.segmentation?.classes.dropFirst() ?? []), nil)
        }
        answer["milliseconds"] = .number(milliseconds)
        return try visit.json(.object(answer))
    }
}
