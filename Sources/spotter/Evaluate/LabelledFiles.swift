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
    private let lines: [(line: ManifestFile.Line, verdict: ManifestLine.Verdict)]
    /// Lines that say nothing about their image.
    let unlabelledCount: Int

    /// - Parameter supervision: nil takes everything.
    /// - Throws: `ManifestError` when no image has a label.
    init(path: String, supervision: Supervision?) throws {
        let manifest = try ManifestFile(path: path)
        let labelled = try manifest.lines.compactMap { line in
            try Self.verdict(of: line, manifest).map { (line: line, verdict: $0) }
        }
        guard !labelled.isEmpty else {
            throw ManifestError(
                "\(path) has \(manifest.lines.count) lines, but none with a mask or a label of the "
                    + "type groundtruth/image-classification that says normal or anomaly.")
        }
        self.manifest = manifest
        lines = labelled.filter { supervision != .normal || $0.verdict == .normal }
        unlabelledCount = manifest.lines.count - labelled.count
    }

    /// What the line says; without a label, an image is anomalous if its mask marks anything.
    private static func verdict(of line: ManifestFile.Line, _ manifest: ManifestFile) throws
        -> ManifestLine.Verdict?
    {
        guard line.parsed.verdict == nil, let mask = line.parsed.mask else {
            return line.parsed.verdict
        }
        do {
            let png = try Entry.read(mask.reference, line, manifest)
            let size = try ImageDecoder.inspect(png, name: mask.reference).size
            let marks = try LabelMask(
                png: png, classes: mask.classes, labels: [], imageWidth: size.width,
                imageHeight: size.height, name: mask.reference)
            return marks.isEmpty ? .normal : .anomaly
        } catch let error as VisionError {
            throw manifest.error(line, error.message)
        }
    }

    var count: Int { lines.count }
    var normalCount: Int { lines.count { $0.verdict == .normal } }
    var hasMasks: Bool { lines.contains { $0.line.parsed.mask != nil } }

    /// The labels that the masks of `files` name, in their order, without the background.
    static func labels(of files: [LabelledFiles]) -> [LabelClass] {
        MaskClass.labels(
            of: files.flatMap(\.lines).compactMap(\.line.parsed.mask).flatMap(\.classes))
    }

    /// Those of `labels` that a mask shows.
    func markedLabels(among labels: [LabelClass]) throws -> [LabelClass] {
        var marks = Set<UInt8>()
        guard hasMasks else { return [] }
        try forEach { _, entry in
            let size = try ImageDecoder.inspect(entry.bytes, name: entry.source).size
            let mask = try entry.mask(width: size.width, height: size.height, labels: labels)
            marks.formUnion(mask?.marks ?? [])
        }
        return labels.enumerated().filter { marks.contains(UInt8($0.offset + 1)) }.map(\.element)
    }

    /// - Throws: `ManifestError` for an image or a mask whose file does not exist.
    func imagePaths() throws -> Set<String> {
        try Set(
            lines.map { line, _ in
                if let mask = line.parsed.mask { _ = try manifest.target(mask.reference, line) }
                return try manifest.target(line.parsed.source, line).file
            })
    }

    /// Calls `body` with each image: its place, what the manifest says and the file's bytes.
    ///
    /// - Throws: `ManifestError` naming the line for what the module Vision throws.
    func forEach(_ body: (Int, Entry) throws -> Void) throws {
        for (index, (line, verdict)) in lines.enumerated() {
            do {
                try body(index, Entry(manifest: manifest, line: line, verdict: verdict))
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

        fileprivate init(
            manifest: ManifestFile, line: ManifestFile.Line, verdict: ManifestLine.Verdict
        ) throws {
            source = line.parsed.source
            isAnomalous = verdict == .anomaly
            bytes = try Self.read(source, line, manifest)
            mask = try line.parsed.mask.map { (try Self.read($0.reference, line, manifest), $0) }
        }

        fileprivate static func read(
            _ reference: String, _ line: ManifestFile.Line, _ manifest: ManifestFile
        ) throws -> Data {
            let path = try manifest.target(reference, line).file
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw manifest.error(line, "The file \(path) cannot be read.")
            }
            return bytes
        }

        /// - Parameter sampleBits: as `ImageDecoder.decode` has them.
        func decoded(sampleBits: Int?) throws(VisionError) -> RGBImage {
            try ImageDecoder.decode(bytes, name: source, sampleBits: sampleBits)
        }

        /// - Parameter labels: as `LabelledFiles.labels` gives them.
        /// - Returns: nil for an image without a mask.
        func mask(width: Int, height: Int, labels: [LabelClass]) throws(VisionError) -> LabelMask? {
            guard let mask else { return nil }
            return try LabelMask(
                png: mask.png, classes: mask.line.classes, labels: labels,
                imageWidth: width, imageHeight: height, name: mask.line.reference)
        }
    }
}
