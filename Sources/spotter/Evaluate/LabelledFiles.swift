import Foundation
import Service
import Vision

/// What of a training manifest's labels a model may learn from.
enum Supervision: String, Codable, CaseIterable {
    /// Everything.
    case masks
    /// Normal and anomalous images, without their masks.
    case labels
    /// Normal images alone.
    case normal
}

/// The labelled images of a manifest, read from its files one by one.
struct LabelledFiles {
    private let manifest: ManifestFile
    private let lines: [ManifestFile.Line]

    /// - Parameter supervision: nil takes everything.
    /// - Throws: `ManifestError` when no image has a label.
    init(path: String, supervision: Supervision?) throws {
        manifest = try ManifestFile(path: path)
        let labelled = manifest.lines.filter { $0.parsed.verdict != nil }
        guard !labelled.isEmpty else {
            throw ManifestError(
                "\(path) has \(manifest.lines.count) lines, but none with a label of the type "
                    + "groundtruth/image-classification that says normal or anomaly.")
        }
        lines = labelled.filter { supervision != .normal || $0.parsed.verdict == .normal }
    }

    var count: Int { lines.count }
    var unlabelledCount: Int { manifest.lines.count { $0.parsed.verdict == nil } }
    var normalCount: Int { lines.count { $0.parsed.verdict == .normal } }
    var hasMasks: Bool { lines.contains { $0.parsed.mask != nil } }

    /// The labels that the masks of `files` name, in their order, without the background.
    static func labels(of files: [LabelledFiles]) -> [LabelClass] {
        MaskClass.labels(of: files.flatMap(\.lines).compactMap(\.parsed.mask).flatMap(\.classes))
    }

    /// - Throws: `ManifestError` for an image or a mask whose file does not exist.
    func imagePaths() throws -> Set<String> {
        try Set(
            lines.map { line in
                if let mask = line.parsed.mask { _ = try manifest.target(mask.reference, line) }
                return try manifest.target(line.parsed.source, line).file
            })
    }

    /// Calls `body` with each image: its place, what the manifest says and the file's bytes.
    ///
    /// - Throws: `ManifestError` naming the line for what the module Vision throws.
    func forEach(_ body: (Int, Entry) throws -> Void) throws {
        for (index, line) in lines.enumerated() {
            do {
                try body(index, Entry(manifest: manifest, line: line))
            } catch let error as VisionError {
                throw manifest.error(line, error.message)
            }
        }
    }

    /// A labelled image.
    struct Entry {
        let source: String
        let isAnomalous: Bool
        /// The image's file.
        let bytes: Data
        private let mask: (png: Data, line: ManifestLine.Mask)?

        fileprivate init(manifest: ManifestFile, line: ManifestFile.Line) throws {
            func read(_ reference: String) throws -> Data {
                let path = try manifest.target(reference, line).file
                guard let bytes = FileManager.default.contents(atPath: path) else {
                    throw manifest.error(line, "The file \(path) cannot be read.")
                }
                return bytes
            }
            source = line.parsed.source
            isAnomalous = line.parsed.verdict == .anomaly
            bytes = try read(source)
            mask = try line.parsed.mask.map { (try read($0.reference), $0) }
        }

        func decoded() throws(VisionError) -> RGBImage {
            try ImageDecoder.decode(bytes, name: source)
        }

        /// - Parameter labels: as `LabelledFiles.labels` gives them.
        /// - Returns: nil for an image without a mask.
        func mask(for image: RGBImage, labels: [LabelClass]) throws(VisionError) -> LabelMask? {
            guard let mask else { return nil }
            return try LabelMask(
                png: mask.png, classes: mask.line.classes, labels: labels,
                imageWidth: image.width, imageHeight: image.height, name: mask.line.reference)
        }
    }
}
