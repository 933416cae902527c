import Foundation
import Server
import Vision
import Wire

/// The steps of the demonstration, each a call or two of the API.
struct DemoTour: Sendable {
    private static let picturesMax = 12
    private static let version = "1"

    let client: DemoClient
    let project: String
    let bucket: String
    let output: String
    let data: String

    private var labels: [String: String] { ["projectName": project] }
    private var modelLabels: [String: String] {
        ["projectName": project, "modelVersion": Self.version]
    }

    func run(_ input: DemoInput) async throws {
        let _: CreateProjectResponse = try await client.call(
            .createProject, [:], ["ProjectName": .string(project)])
        for type in input.datasets { try await makeDataset(type) }
        let (model, trainSeconds) = try await timed { try await train() }
        try await host()
        let (shown, milliseconds) = try await inspect(model)
        let (package, packageSeconds) = try await timed { try await self.package() }
        let _: HostingResponse = try await client.call(.stopModel, modelLabels, [:])
        try summarise(
            model, package, shown: shown, trainSeconds: trainSeconds,
            packageSeconds: packageSeconds, milliseconds: milliseconds)
    }

    private func timed<Value>(_ body: () async throws -> Value) async throws -> (Value, Double) {
        let start = ContinuousClock.now
        let value = try await body()
        return (value, (ContinuousClock.now - start) / .seconds(1))
    }

    private func makeDataset(_ type: DatasetType) async throws {
        let _: CreateDatasetResponse = try await client.call(
            .createDataset, labels,
            [
                "DatasetType": .string(type.rawValue),
                "DatasetSource": .object([
                    "GroundTruthManifest": .object([
                        "S3Object": .object([
                            "Bucket": .string(bucket), "Key": .string("\(type.rawValue).manifest"),
                        ])
                    ])
                ]),
            ])
        let path = ["projectName": project, "datasetType": type.rawValue]
        while true {
            let answer: DescribeDatasetResponse = try await client.call(.describeDataset, path)
            let dataset = answer.datasetDescription
            switch dataset.status {
            case .createInProgress: try await Task.sleep(for: .milliseconds(100))
            case .createComplete:
                let stats = dataset.imageStats
                Output.line(
                    "Dataset    \(type.rawValue): \(stats.normal) normal, \(stats.anomaly) anomalous"
                )
                return
            default: throw DemoError(dataset.statusMessage ?? "The dataset failed.")
            }
        }
    }

    private func train() async throws -> ModelDescription {
        let _: CreateModelResponse = try await client.call(
            .createModel, labels,
            [
                "OutputConfig": .object([
                    "S3Location": .object([
                        "Bucket": .string(bucket), "Prefix": .string("evaluation"),
                    ])
                ])
            ])
        let progress = ProgressLine(title: "Training")
        while true {
            let answer: DescribeModelResponse = try await client.call(.describeModel, modelLabels)
            let model = answer.modelDescription
            switch model.status {
            case .training:
                progress.show(model.statusMessage ?? "waiting")
                try await Task.sleep(for: .milliseconds(250))
            case .trained:
                progress.end("done")
                return model
            default: throw DemoError(model.statusMessage ?? "The training failed.")
            }
        }
    }

    private func host() async throws {
        let _: HostingResponse = try await client.call(
            .startModel, modelLabels, ["MinInferenceUnits": .integer(1)])
        while true {
            let answer: DescribeModelResponse = try await client.call(.describeModel, modelLabels)
            switch answer.modelDescription.status {
            case .startingHosting: try await Task.sleep(for: .milliseconds(100))
            case .hosted: return
            default: throw DemoError(answer.modelDescription.statusMessage ?? "Hosting failed.")
            }
        }
    }

    /// Asks the hosted model about test images, and draws what the same model saw in them.
    private func inspect(_ model: ModelDescription) async throws -> (
        shown: Int, milliseconds: Double
    ) {
        let folder = "\(output)/overlays"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let detector = try localDetector()
        var pictures: [RGBImage] = []
        var times: [Double] = []
        for (key, isAnomalous) in try testImages(model) {
            let bytes = try Data(
                contentsOf: URL(fileURLWithPath: "\(data)/buckets/\(bucket)/\(key)"))
            let (answer, seconds) = try await timed {
                try await client.detect(bytes, project: project, version: Self.version)
            }
            times.append(seconds * 1000)
            let image = try ImageDecoder.decode(bytes, name: key)
            let picture = Overlay.picture(
                of: image, try detector.detect(image),
                threshold: detector.manifest.decision.threshold)
            pictures.append(picture)
            let name = ((key as NSString).lastPathComponent as NSString).deletingPathExtension
            let verdict = answer.isAnomalous ? "anomaly" : "normal"
            try PNG.encode(picture).write(
                to: URL(fileURLWithPath: "\(folder)/\(name)-found-\(verdict).png"))
            let mark = answer.isAnomalous == isAnomalous ? " " : "*"
            Output.line(
                "Detect   \(mark) \(pad(name, 28)) \(pad(verdict, 8)) confidence "
                    + "\(format(answer.confidence, 3))\(areas(answer))")
        }
        if let sheet = Overlay.sheet(pictures, columns: 3, width: 420) {
            try PNG.encode(sheet).write(to: URL(fileURLWithPath: "\(output)/overview.png"))
        }
        times.sort()
        return (pictures.count, times.isEmpty ? 0 : times[times.count / 2])
    }

    private func areas(_ answer: DetectAnomalyResult) -> String {
        (answer.anomalies ?? []).filter { $0.name != "background" }
            .map { "  \($0.name) \(format($0.pixelAnomaly.totalPercentageArea * 100, 2)) %" }
            .joined()
    }

    /// Keys of test images, which training never saw, from the evaluation manifest: anomalies and
    /// normal images in turn.
    private func testImages(_ model: ModelDescription) throws -> [(key: String, isAnomalous: Bool)]
    {
        guard let manifest = model.evaluationManifest else { return [] }
        let path = "\(data)/buckets/\(manifest.bucket)/\(manifest.key)"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let prefix = "s3://\(bucket)/"
        let parsed = try lines.map { try GroundTruthLine(parsing: $0) }
        let anomalous = parsed.filter { $0.verdict == .anomaly }
        let normal = parsed.filter { $0.verdict == .normal }
        let half = Self.picturesMax / 2
        let chosen =
            Array(anomalous.prefix(max(half, Self.picturesMax - normal.count)))
            + Array(normal.prefix(max(half, Self.picturesMax - anomalous.count)))
        return chosen.map {
            (String($0.imageReference.dropFirst(prefix.count)), $0.verdict == .anomaly)
        }
    }

    /// The trained model opened without the server: its files are plain ONNX and JSON.
    private func localDetector() throws -> Detector {
        let folder = "\(data)/internal/models/\(project)/\(Self.version)"
        let installation = try Installation.find(
            from: Installation.executablePath,
            runtime: ProcessInfo.processInfo.environment["SPOTTER_ONNX_RUNTIME"])
        func file(_ name: String) throws -> Data {
            try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        return try Detector(
            runtime: try OnnxRuntime(library: installation.runtimePath),
            manifest: try ModelManifest(decoding: file(ModelManifest.fileName)),
            model: file(ModelManifest.modelFileName), threads: 1)
    }

    private func package() async throws -> ModelPackagingDescription {
        let started: StartModelPackagingJobResponse = try await client.call(
            .startModelPackagingJob, labels,
            [
                "ModelVersion": .string(Self.version),
                "Configuration": .object([
                    "Greengrass": .object([
                        "ComponentName": .string("com.example.SpotterDemo"),
                        "S3OutputLocation": .object([
                            "Bucket": .string(bucket), "Prefix": .string("components"),
                        ]),
                        "TargetPlatform": .object([
                            "Os": .string("LINUX"), "Arch": .string("X86_64"),
                        ]),
                    ])
                ]),
            ])
        let path = ["projectName": project, "jobName": started.jobName]
        while true {
            let answer: DescribeModelPackagingJobResponse = try await client.call(
                .describeModelPackagingJob, path)
            let job = answer.modelPackagingDescription
            switch job.metadata.status {
            case .created, .running: try await Task.sleep(for: .milliseconds(100))
            case .succeeded: return job
            case .failed: throw DemoError(job.metadata.statusMessage ?? "Packaging failed.")
            }
        }
    }

    private func summarise(
        _ model: ModelDescription, _ package: ModelPackagingDescription, shown: Int,
        trainSeconds: Double, packageSeconds: Double, milliseconds: Double
    ) throws {
        let component = package.modelPackagingOutputDetails?.greengrass
        let name = component?.componentName ?? ""
        let version = component?.componentVersion ?? ""
        let registry = "\(data)/greengrass"
        let archive =
            "\(registry)/artifacts/\(name)/\(version)/"
            + "\(project)-\(Self.version)_greengrass_model_component.zip"
        let size = try FileManager.default.attributesOfItem(atPath: archive)[.size] as? Int ?? 0
        let figures = model.performance.map {
            "F1 \(format($0.f1Score, 3))   precision \(format($0.precision, 3))   "
                + "recall \(format($0.recall, 3))   (test images)"
        }
        let rows: [(String, String)] = [
            ("Metrics", figures ?? "none"),
            ("Training", "\(format(trainSeconds, 1)) s"),
            ("Detection", "\(format(milliseconds, 0)) ms an image through the API (median)"),
            ("Packaging", "\(format(packageSeconds, 1)) s"),
            ("Component", component?.componentVersionArn ?? ""),
            ("Recipe", "\(registry)/recipes/\(name)-\(version).json"),
            ("Archive", "\(archive) (\(format(Double(size) / 1_000_000, 1)) MB)"),
            ("Overlays", "\(output)/overview.png and \(shown) pictures in \(output)/overlays"),
        ]
        Output.line(String(repeating: "-", count: 78))
        for (title, text) in rows { Output.line("\(pad(title, 10)) \(text)") }
        Output.line(String(repeating: "-", count: 78))
        Output.line("Next: serve what was made, and call it with your own program:")
        Output.line("  \(CommandLine.arguments[0]) serve --data-directory \(data)")
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }

    private func format(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }
}

/// A line that shows what is being done: overwritten on a terminal, repeated elsewhere.
private final class ProgressLine {
    private let title: String
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var last = ""
    private let start = ContinuousClock.now

    init(title: String) { self.title = title }

    func show(_ message: String) {
        guard message != last || isTerminal else { return }
        last = message
        let seconds = Int((ContinuousClock.now - start) / .seconds(1))
        let line = "\(title)   \(message) (\(seconds) s)"
        if isTerminal {
            FileHandle.standardOutput.write(Data("\r\u{1B}[K\(line)".utf8))
        } else {
            Output.line(line)
        }
    }

    func end(_ message: String) {
        last = ""
        show(message)
        if isTerminal { Output.line("") }
    }
}
