import Administration
import Base
import Foundation
import Server
import Service
import Storage
import Vision
import Wire
import WireAWS

/// The steps of the demonstration, each a call or two of the API.
struct DemoTour: Sendable {
    private static let picturesMax = 12
    private static let version = "1"
    /// Twice what images, evaluation manifests and packages of a demonstration may have.
    private static let imageBytesMax = 16 << 20
    private static let manifestBytesMax = 64 << 20
    private static let archiveBytesMax = 256 << 20

    let client: DemoClient
    let project: String
    let bucket: String
    let output: String

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
        let (package, packageSeconds) = try await timed { try await self.package() }
        let component = try await fetch(package)
        let (shown, milliseconds) = try await inspect(model, component)
        let _: HostingResponse = try await client.call(.stopModel, modelLabels, [:])
        summarise(
            model, component, shown: shown, trainSeconds: trainSeconds,
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
            default: throw DemoError(dataset.statusMessage)
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
                progress.show(model.statusMessage)
                try await Task.sleep(for: .milliseconds(250))
            case .trained:
                progress.end("done")
                return model
            default: throw DemoError(model.statusMessage)
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
            default: throw DemoError(answer.modelDescription.statusMessage)
            }
        }
    }

    /// Asks the hosted model about test images, and draws what the same model saw in them.
    private func inspect(_ model: ModelDescription, _ component: Component) async throws -> (
        shown: Int, milliseconds: Double
    ) {
        let folder = "\(output)/overlays"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let detector = try localDetector(component)
        var pictures: [RGBImage] = []
        var times: [Double] = []
        for (key, isAnomalous) in try await testImages(model) {
            let bytes = try await client.objects.get(
                ObjectLocation(bucket: bucket, key: key), bytesMax: Self.imageBytesMax)
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
    private func testImages(_ model: ModelDescription) async throws -> [(
        key: String, isAnomalous: Bool
    )] {
        guard let manifest = model.evaluationManifest else { return [] }
        let text = try await client.objects.get(
            ObjectLocation(bucket: manifest.bucket, key: manifest.key),
            bytesMax: Self.manifestBytesMax)
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let prefix = "s3://\(bucket)/"
        let parsed = try lines.map { try ManifestLine(parsing: $0) }
        let anomalous = parsed.filter { $0.verdict == .anomaly }
        let normal = parsed.filter { $0.verdict == .normal }
        let half = Self.picturesMax / 2
        let chosen =
            Array(anomalous.prefix(max(half, Self.picturesMax - normal.count)))
            + Array(normal.prefix(max(half, Self.picturesMax - anomalous.count)))
        return chosen.map {
            (String($0.source.dropFirst(prefix.count)), $0.verdict == .anomaly)
        }
    }

    /// A component as a device's owner gets it.
    private struct Component {
        let arn: String
        let recipePath: String
        let archivePath: String
        let archiveBytes: Int
    }

    /// Asks Greengrass for the recipe, and S3 for the archive that the recipe names.
    private func fetch(_ package: ModelPackagingDescription) async throws -> Component {
        guard let details = package.modelPackagingOutputDetails?.greengrass else {
            throw DemoError("The packaging job names no component.")
        }
        let recipe = try await client.recipe(arn: details.componentVersionArn)
        let artifact = try RecipeDocument(stored: recipe).artifacts.first
        guard let artifact, let location = artifact.location else {
            throw DemoError("The recipe of \(details.componentName) names no artifact.")
        }
        let archive = try await client.objects.get(location, bytesMax: Self.archiveBytesMax)
        guard Checksum.sha256Base64(archive) == artifact.digest else {
            throw DemoError("\(location) is not what the recipe's digest says.")
        }
        let folder = "\(output)/component"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let component = Component(
            arn: details.componentVersionArn,
            recipePath: "\(folder)/\(details.componentName)-\(details.componentVersion).json",
            archivePath: "\(folder)/\((location.key as NSString).lastPathComponent)",
            archiveBytes: archive.count)
        try recipe.write(to: URL(fileURLWithPath: component.recipePath))
        try archive.write(to: URL(fileURLWithPath: component.archivePath))
        return component
    }

    /// The model out of its package, opened without the server as a device does it.
    private func localDetector(_ component: Component) throws -> Detector {
        let installation = try Installation.find(
            environment: ProcessInfo.processInfo.environment)
        return try ModelPackage(path: component.archivePath).detector(
            runtime: try OnnxRuntime(library: installation.runtimePath), threads: 1)
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
            case .failed: throw DemoError(job.metadata.statusMessage)
            }
        }
    }

    private func summarise(
        _ model: ModelDescription, _ component: Component, shown: Int, trainSeconds: Double,
        packageSeconds: Double, milliseconds: Double
    ) {
        let figures = model.performance.map {
            "F1 \(format($0.f1Score, 3))   precision \(format($0.precision, 3))   "
                + "recall \(format($0.recall, 3))   (test images)"
        }
        let rows: [(String, String)] = [
            ("Metrics", figures ?? "none"),
            ("Training", "\(format(trainSeconds, 1)) s"),
            ("Detection", "\(format(milliseconds, 0)) ms an image through the API (median)"),
            ("Packaging", "\(format(packageSeconds, 1)) s"),
            ("Component", component.arn),
            ("Recipe", component.recipePath),
            (
                "Archive",
                "\(component.archivePath) "
                    + "(\(format(Double(component.archiveBytes) / 1_000_000, 1)) MB)"
            ),
            ("Overlays", "\(output)/overview.png and \(shown) pictures in \(output)/overlays"),
        ]
        Output.line(String(repeating: "-", count: 78))
        for (title, text) in rows { Output.line("\(pad(title, 10)) \(text)") }
        Output.line(String(repeating: "-", count: 78))
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }

    private func format(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }
}
