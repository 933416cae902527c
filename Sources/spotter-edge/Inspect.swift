import ArgumentParser
import Base
import EdgeAgent
import FoundationEssentials
import Glibc
import Vision

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judges images with a package, without an agent.",
        discussion: "Ends with 0 when all images were judged, whatever the verdicts.")

    @Option(help: "Archive of a packaged model, or the folder that it unpacks to.")
    var model: String

    @Option(help: "Takes the place of the package's threshold: a number above 0.")
    var threshold: Double?

    @Flag(help: "One JSON object a line.")
    var json = false

    @Option(help: "Folder for pictures of what the model saw.")
    var overlay: String?

    @Argument(help: "PNG or JPEG files.")
    var images: [String]

    private struct Line: Encodable {
        var image: String
        var isAnomalous: Bool
        var confidence: Double
        var score: Double
        var threshold: Double
        var anomalies: [String: Double]?
    }

    func validate() throws {
        if let threshold, !Decision.isThreshold(threshold) {
            throw ValidationError("--threshold must be a number above 0, not \(threshold).")
        }
    }

    func run() throws {
        do {
            let package = try ModelPackage(path: model)
            let detector = try package.detector(
                runtime: try SpotterEdge.runtime(), threads: 1, threshold: threshold)
            if let overlay {
                try FileManager.default.createDirectory(
                    atPath: overlay, withIntermediateDirectories: true)
            }
            var failures = 0
            for path in images {
                do {
                    try inspect(path, detector)
                } catch {
                    failures += 1
                    FileHandleError.say("spotter-edge: \(path): \(error)")
                }
            }
            if failures > 0 { throw ExitCode(1) }
        } catch let code as ExitCode {
            throw code
        } catch {
            SpotterEdge.exit(with: error)
        }
    }

    private func inspect(_ path: String, _ detector: Detector) throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw AgentError(.invalidArgument, "The file cannot be read.")
        }
        let image = try detector.picture(in: bytes, name: path)
        let detection = try detector.detect(image)
        let threshold = detection.threshold
        let anomalies = detection.segmentation.map { segmentation in
            zip(segmentation.classes, segmentation.areas).reduce(into: [:]) {
                $0[$1.0.name] = $1.1
            }
        }
        if json {
            let line = Line(
                image: path, isAnomalous: detection.isAnomalous, confidence: detection.confidence,
                score: detection.score, threshold: threshold, anomalies: anomalies)
            SpotterEdge.line(try JSONCoding.text(line))
        } else {
            let verdict = detection.isAnomalous ? "anomalous" : "normal   "
            SpotterEdge.line(
                "\(verdict) confidence \(rounded(detection.confidence)) score "
                    + "\(rounded(detection.score)) threshold \(rounded(threshold))  \(path)")
        }
        if let overlay {
            let name = path.split(separator: "/").last.map(String.init) ?? "image"
            let picture = Overlay.picture(of: image, detection, threshold: threshold)
            try PNG.encode(picture).write(
                to: URL(filePath: "\(overlay)/\(name).png"), options: .atomic)
        }
    }

    private func rounded(_ number: Double) -> String {
        "\((number * 1000).rounded() / 1000)"
    }
}

/// Standard error for messages beside the results.
enum FileHandleError {
    static func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
