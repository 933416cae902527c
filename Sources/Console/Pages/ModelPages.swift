import FoundationEssentials
import NIOPosix
import Service
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

    func answer(_ part: String, isPost: Bool) async throws -> ConsoleResponse {
        switch (part, isPost) {
        case ("", false): try await page()
        case ("results", false): try await results()
        case ("threshold", true): try await setThreshold()
        case ("start", true): try await start()
        case ("stop", true):
            try await done(.stopModel, as: HostingResponse.self)
        case ("delete", true):
            try await done(.deleteModel, as: DeleteModelResponse.self, to: visit.home(project))
        case ("try", true): try await inspect()
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
            "state": found.state,
            "component": "com.example.\(project.filter { $0.isLetter || $0.isNumber })",
            "bucket": ProjectPages.bucket,
            "start": try await visit.button(.startModel, project: project, model: version),
            "stop": try await visit.button(.stopModel, project: project, model: version),
            "remove": try await visit.button(.deleteModel, project: project, model: version),
            "detect": try await visit.button(.detectAnomalies, project: project, model: version),
            "pack": try await visit.button(
                .startModelPackagingJob, project: project, model: version),
        ]
        if let threshold = thresholds.inForce {
            values["threshold"] = "\(threshold)"
            values["trained"] = thresholds.trained.map { "\($0)" } ?? ""
            values["isMoved"] = thresholds.chosen != nil
        }
        return visit.html("model", values)
    }

    /// The judged test images, for the threshold chart.
    private func results() async throws -> ConsoleResponse {
        let description: DescribeModelResponse = try await visit.perform(.describeModel, labels)
        guard let place = description.modelDescription.evaluationManifest else {
            throw WireError.conflict(
                "The model has no evaluation yet.", .model, "\(project)/\(version)")
        }
        let bytes = try await visit.operations.object(
            "s3://\(place.bucket)/\(place.key)", bytesMax: ConsoleLimits.evaluationBytesMax)
        let judged = try await visit.context.pools.images.runIfActive { Self.judged(bytes) }
        let scores = { (isAnomalous: Bool) in
            judged.filter { $0.isAnomalous == isAnomalous }.map(\.score)
        }
        let auroc = Ranking.auroc(normal: scores(false), anomalous: scores(true))
        return try visit.json(
            .object([
                "auroc": auroc.map(JSONValue.number) ?? .null,
                "images": .array(
                    judged.map {
                        .object([
                            "source": .string($0.source), "score": .number($0.score),
                            "anomalous": .boolean($0.isAnomalous),
                        ])
                    }),
            ]))
    }

    private struct Judged {
        let source: String
        let isAnomalous: Bool
        let score: Double
    }

    /// Lines of an evaluation's manifest that have a score; models of before have none.
    private static func judged(_ bytes: Data) -> [Judged] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let text = String(decoding: line, as: UTF8.self)
            guard let entry = try? ManifestLine(parsing: text), let verdict = entry.verdict,
                let details = entry.members["anomaly-label-detected-metadata"]?.object,
                let score = details["spotter-score"]?.double
            else { return nil }
            return Judged(
                source: entry.source, isAnomalous: verdict == .anomaly, score: score)
        }
    }

    private func setThreshold() async throws -> ConsoleResponse {
        let text = visit.request.form["threshold"] ?? ""
        let threshold = Double(text)
        guard threshold != nil || text == "default" else {
            throw WireError.validation(
                "The threshold must be a number above 0, not '\(text.prefix(40))'.")
        }
        try await visit.operations.setThreshold(threshold, of: project, version)
        return .redirect(home)
    }

    private func start() async throws -> ConsoleResponse {
        let units = Int(visit.request.form["units"] ?? "1") ?? 0
        let _: HostingResponse = try await visit.perform(
            .startModel, labels, ["MinInferenceUnits": .integer(units)])
        return .redirect(home)
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
    private func inspect() async throws -> ConsoleResponse {
        let began = ContinuousClock.now
        let inspection = try await visit.operations.inspect(project, version, visit.request.body)
        let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
        let detection = inspection.detection
        let overlay = try await visit.context.pools.images.runIfActive {
            try JPEG.encode(
                Overlay.picture(
                    of: inspection.picture, detection, threshold: detection.threshold), quality: 85)
        }
        return try visit.json(
            .object([
                "anomalous": .boolean(detection.isAnomalous),
                "confidence": .number(detection.confidence), "score": .number(detection.score),
                "threshold": .number(detection.threshold),
                "milliseconds": .number(milliseconds),
                "overlay": .string(overlay.base64EncodedString()),
            ]))
    }

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
        if let options = form["options"], !options.isEmpty {
            greengrass["CompilerOptions"] = .string(options)
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
