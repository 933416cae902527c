import Administration
import ArgumentParser
import Base
import Foundation
import NIOPosix
import Server
import Service
import Vision

struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells what a model would reach on your images.",
        discussion: """
            Trains on the images of one Ground Truth manifest as the server would, and measures on \
            those of another. Needs no server and leaves nothing but DIR behind. Paths in \
            manifests are relative to the folder above the manifest's; s3://BUCKET/KEY is looked \
            for in the folder named BUCKET that the manifest lies in. DIR/result.json has \
            everything that is printed, and the score of each image.
            """)

    @Option(help: "Manifest of the images to train on.")
    var train: String

    @Option(help: "Manifest of the images to measure on; none should be among the others.")
    var test: String

    @Option(help: "The same seed and images give the same model.")
    var seed: UInt64 = 20_201_120

    @Option(help: "Processor cores for the training. Test images are judged on one.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(
        help: ArgumentHelp(
            "What to learn from: masks (everything), labels (no masks), or normal (only the "
                + "normal images).", valueName: "masks|labels|normal"))
    var supervision = Supervision.masks

    @Option(
        help: ArgumentHelp(
            """
            Share of new normal images that may be called anomalous, such as 0.02. Without it the \
            threshold is where F1 is best, but by 0.25 at most, or with fewer than four labelled \
            anomalies by 0.05.
            """, valueName: "0.005...0.5"))
    var falseAlarms: Double?

    @Option(
        help: ArgumentHelp(
            """
            Milliseconds that judging an image may take with one thread on this machine, without \
            reading it; training leaves larger views out. 0.1 to 60000.
            """, valueName: "number|none"))
    var latencyMs = LatencyBound(number: nil)

    @Option(
        help: ArgumentHelp(
            """
            ONNX file of another backbone, 'own' for those that come with Spotter, whose weights \
            no photograph taught, or 'filter-bank' for features that nobody taught. Without it, \
            EfficientNet-Lite0 where set-up could fetch it.
            """, valueName: "file.onnx|own|filter-bank"))
    var backbone: String?

    @OptionGroup var backboneOptions: BackboneOptions

    @Option(help: ArgumentHelp("Folder for what comes out.", valueName: "dir"))
    var output = "./spotter-evaluation"

    @Flag(help: "Write each test image with its anomaly map into DIR/maps.")
    var maps = false

    func validate() throws {
        let words = [FilterBank.name, BackboneChoice.ownName]
        try backboneOptions.check(isFile: backbone.map { !words.contains($0) } ?? false)
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads must be 1 to 256, not \(threads).")
        }
        if let falseAlarms, !Decision.falseAlarmRates.contains(falseAlarms) {
            throw ValidationError(
                "--false-alarms must be a share of \(Decision.falseAlarmRates.lowerBound) to "
                    + "\(Decision.falseAlarmRates.upperBound), not \(falseAlarms).")
        }
    }

    func run() async throws {
        do {
            let result = try await NIOThreadPool.singleton.runIfActive { try evaluate() }
            Output.line(EvaluationTable(result: result).text)
            Output.line("Written to \(output)/result.json")
        } catch {
            Spotter.exit(with: error)
        }
    }

    private func evaluate() throws -> EvaluationResult {
        let installation = try Installation.find(
            environment: ProcessInfo.processInfo.environment)
        let runtime = try OnnxRuntime(library: installation.runtimePath)
        let mapsFolder = maps ? "\(output)/maps" : nil
        try FileManager.default.createDirectory(
            atPath: mapsFolder ?? output, withIntermediateDirectories: true)
        let result = try EvaluationRun(
            train: train, test: test, supervision: supervision, seed: seed,
            falseAlarmRate: falseAlarms, threads: threads, runtime: runtime,
            extractor: extractor(installation, runtime),
            latencyMillisecondsMax: latencyMs.number, maps: mapsFolder,
            progress: { try? FileHandle.standardError.write(contentsOf: Data("\($0)\n".utf8)) }
        ).result()
        // Written under another name and renamed.
        try JSONCoding.encode(result, .indented).write(
            to: URL(fileURLWithPath: "\(output)/result.json"), options: .atomic)
        return result
    }

    private func extractor(_ installation: Installation, _ runtime: OnnxRuntime) throws
        -> any FeatureExtractor
    {
        guard let backbone, backbone != BackboneChoice.ownName else {
            return try installation.backbone(backbone == nil ? .standard : .own)
        }
        if backbone == FilterBank.name { return FilterBank() }
        return try BackboneSource.backbone(
            at: backbone, annotations: backboneOptions.annotations,
            identifier: URL(fileURLWithPath: backbone).deletingPathExtension().lastPathComponent,
            runtime: runtime)
    }
}

extension Supervision: ExpressibleByArgument {}
