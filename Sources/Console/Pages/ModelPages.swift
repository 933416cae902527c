import Base
import FoundationEssentials
import NIOPosix
import Service
import Storage
import Vision
import Wire

/// One model: how it judged its test images, its threshold, its hosting, trials and packages.
struct ModelPages {
    private let visit: Visit
    private let project: String
    private let version: String

    init(_ visit: Visit, _ project: String, _ version: String) {
        self.visit = visit
        self.project = project
        self.version = version
    }

    private var labels: [String: String] { ["projectName": project, "modelVersion": version] }
    private var home: String { "\(visit.home(project))/models/\(FormCoding.segment(version))" }

    private var trial: TrialPages { TrialPages(visit, project, version) }
    private var judge: JudgePages { JudgePages(visit, project, version) }

    func answer(_ part: String, isPost: Bool) async throws -> ConsoleResponse {
        switch (part, isPost) {
        case ("", false): try await page()
        case ("results", false): try await judge.results()
        case ("figures", false): try await judge.figures()
        case ("review", false): try await judge.review()
        case ("report", false): try await ReportPage(visit, project, version).answer()
        case ("threshold", true): try await setThreshold()
        case ("start", true): try await start()
        case ("cancel", true): try await cancel()
        case ("tags", true): try await tag()
        case ("stop", true):
            try await done(.stopModel, as: HostingResponse.self)
        case ("delete", true):
            try await done(.deleteModel, as: DeleteModelResponse.self, to: visit.home(project))
        case ("trial", false): try await trial.page()
        case ("objects", false): try await trial.objects()
        case ("try", true): try await trial.inspect()
        case ("package", true): try await package()
        default: throw Console.nothingHere
        }
    }

    private func page() async throws -> ConsoleResponse {
        // Asked first: what changes meanwhile makes the page load once more, not once too few.
        let found = try await ProjectPages(visit).found(project)
        let description: DescribeModelResponse = try await visit.perform(.describeModel, labels)
        let model = description.modelDescription
        let thresholds = try await visit.operations.thresholds(of: project, version)
        let canHost: Set<ModelStatus> = [.trained, .hostingFailed]
        var values: [String: Any] = [
            "project": project, "projectHome": visit.home(project), "home": home,
            "version": model.modelVersion, "arn": model.modelArn,
            "status": model.status.rawValue, "message": model.statusMessage,
            "description": model.description ?? "",
            "isTrained": model.evaluationManifest != nil, "isHosted": model.status == .hosted,
            "canStart": canHost.contains(model.status),
            "title": "\(project) \(model.modelVersion)", "isBusy": found.isBusy,
            "state": found.state, "hasOthers": found.models.count { $0.performance != nil } > 1,
            "component": "com.example.\(project.filter { $0.isLetter || $0.isNumber })",
            "bucket": ProjectPages.bucket,
            "start": try await visit.button(.startModel, project: project, model: version),
            "stop": try await visit.button(.stopModel, project: project, model: version),
            "remove": try await visit.button(.deleteModel, project: project, model: version),
            "detect": try await visit.button(.detectAnomalies, project: project, model: version),
            "pack": try await visit.button(
                .startModelPackagingJob, project: project, model: version),
        ]
        values.merge(try await training(model)) { $1 }
        values.merge(try await tags(model)) { $1 }
        if let threshold = thresholds.inForce {
            values["threshold"] = "\(threshold)"
            values["trained"] = thresholds.trained.map { "\($0)" } ?? ""
            values["isMoved"] = thresholds.chosen != nil
            values["unsure"] = thresholds.unsure.map { "\($0)" } ?? ""
        }
        return visit.html("model", values)
    }

    private func setThreshold() async throws -> ConsoleResponse {
        let text = visit.request.form["threshold"] ?? ""
        let threshold = Double(text)
        guard threshold != nil || text == "default" else {
            throw WireError.validation(
                "The threshold must be a number above 0, not '\(text.prefix(40))'.")
        }
        let second = visit.request.form["unsure"] ?? ""
        let unsure = Double(second)
        guard unsure != nil || second.isEmpty else {
            throw WireError.validation(
                "The second threshold must be a number above 0 or empty, not "
                    + "'\(second.prefix(40))'.")
        }
        var input: [String: JSONValue] = [
            "ProjectName": .string(project), "ModelVersion": .string(version),
        ]
        input["Threshold"] = threshold.map(JSONValue.number)
        input["UnsureThreshold"] = unsure.map(JSONValue.number)
        try await visit.noting("SetModelThreshold", input) {
            try await visit.operations.setThreshold(
                threshold, unsure: unsure, of: project, version)
        }
        return .redirect(home)
    }

    /// How far the training is, and what it said.
    private func training(_ model: ModelDescription) async throws -> [String: Any] {
        let isTraining = model.status == .training
        var values: [String: Any] = [
            "isTraining": isTraining, "isFailed": model.status == .trainingFailed,
            "cancel": try await visit.button(.deleteModel, project: project, model: version),
        ]
        guard let training = try await visit.operations.training(of: project, version) else {
            return values
        }
        if isTraining {
            values["share"] = Decimals.text(training.share)
            values["progress"] = TrainingProgressText.line(
                training, at: visit.context.now(), visit.page)
        }
        values["log"] = training.log.map {
            ["time": OperatePage.time($0.time), "text": visit.page.said($0.text)]
        }
        values["hasLog"] = !training.log.isEmpty
        return values
    }

    private func cancel() async throws -> ConsoleResponse {
        let input: [String: JSONValue] = [
            "ProjectName": .string(project), "ModelVersion": .string(version),
        ]
        try await visit.noting("CancelTraining", input) {
            try await visit.operations.cancelTraining(project, version)
        }
        return .redirect(home)
    }

    // MARK: Tags

    private func tags(_ model: ModelDescription) async throws -> [String: Any] {
        // A user may see a model and not its tags.
        let found = try? await visit.perform(
            .listTagsForResource, ["resourceArn": model.modelArn],
            as: ListTagsForResourceResponse.self)
        guard let found else { return [:] }
        return [
            "hasTags": true,
            "tags": found.tags.map { ["key": $0.key, "value": $0.value] },
            "tagging": try await visit.button(.tagResource, resource: model.modelArn),
        ]
    }

    /// Sets one tag, or takes one away.
    private func tag() async throws -> ConsoleResponse {
        let form = visit.request.form
        let description: DescribeModelResponse = try await visit.perform(.describeModel, labels)
        let resource = ["resourceArn": description.modelDescription.modelArn]
        if let key = form["remove"] {
            let _: EmptyResponse = try await visit.perform(
                .untagResource, resource, query: [("tagKeys", key)])
        } else {
            let _: EmptyResponse = try await visit.perform(
                .tagResource, resource,
                [
                    "Tags": .array([
                        .object([
                            "Key": .string(form["key"] ?? ""),
                            "Value": .string(form["value"] ?? ""),
                        ])
                    ])
                ])
        }
        return .redirect(home + "#tags")
    }

    private func start() async throws -> ConsoleResponse {
        let units = Int(visit.request.form["units"] ?? "1") ?? 0
        let _: HostingResponse = try await visit.perform(
            .startModel, labels, ["MinInferenceUnits": .integer(units)])
        return .redirect(visit.request.form["then"] == "trial" ? home + "/trial" : home)
    }

    private func done<Response: Decodable>(
        _ operation: Wire.Operation, as _: Response.Type, to page: String? = nil
    ) async throws -> ConsoleResponse {
        let _: Response = try await visit.perform(operation, labels)
        return .redirect(page ?? home)
    }

    /// Judges the image in the body.
    ///
    /// - Returns: the verdict, and the image under its anomaly map as a JPEG in base64.
    private func package() async throws -> ConsoleResponse {
        let form = visit.request.form
        let bucket = form["bucket"] ?? ProjectPages.bucket
        var greengrass: [String: JSONValue] = [
            "S3OutputLocation": .object([
                "Bucket": .string(bucket), "Prefix": .string("packages/"),
            ]),
            "ComponentName": .string(form["component"] ?? ""),
        ]
        if let version = form["componentVersion"], !version.isEmpty {
            greengrass["ComponentVersion"] = .string(version)
        }
        switch form["target"] ?? "" {
        case "jetson_xavier": greengrass["TargetDevice"] = .string("jetson_xavier")
        case let target:
            let parts = target.split(separator: "/").map(String.init)
            guard parts.count >= 2 else {
                throw WireError.validation("Choose what the package is for.")
            }
            var platform: [String: JSONValue] = [
                "Os": .string(parts[0]), "Arch": .string(parts[1]),
            ]
            if parts.count > 2 { platform["Accelerator"] = .string(parts[2]) }
            greengrass["TargetPlatform"] = .object(platform)
        }
        var options: [String: JSONValue] = [:]
        for key in ["gpu-code", "trt-ver", "cuda-ver", "precision", "mcpu"] {
            if let value = form[key], !value.isEmpty { options[key] = .string(value) }
        }
        if !options.isEmpty {
            greengrass["CompilerOptions"] = .string(try JSONCoding.text(JSONValue.object(options)))
        }
        try await visit.operations.needBucket(bucket)
        let _: StartModelPackagingJobResponse = try await visit.perform(
            .startModelPackagingJob, ["projectName": project],
            [
                "ModelVersion": .string(version),
                "Configuration": .object(["Greengrass": .object(greengrass)]),
            ])
        return .redirect(visit.home(project))
    }
}
