import Foundation
import Vision
import Wire

/// The pictures of a demonstration, laid into a bucket's folder with their manifests.
struct DemoInput {
    /// Dataset types for which the bucket now has `TYPE.manifest`.
    let datasets: [DatasetType]
    let description: String

    private static let seed: UInt64 = 2021

    // MARK: Our own pictures

    static func drawn(bucket: String, folder: String) throws -> DemoInput {
        var pictures = ProductPictures(seed: seed)
        let writer = BucketWriter(bucket: bucket, folder: folder)
        let plans: [(DatasetType, normal: Int, ofEachDefect: Int)] = [
            (.train, 24, 8), (.test, 12, 4),
        ]
        for (type, normal, ofEachDefect) in plans {
            var kinds = [ProductPictures.Defect?](repeating: nil, count: normal)
            for defect in ProductPictures.Defect.allCases {
                kinds += [ProductPictures.Defect?](repeating: defect, count: ofEachDefect)
            }
            var lines: [JSONValue] = []
            for (index, kind) in kinds.enumerated() {
                let name = "\(kind?.rawValue ?? "normal")-\(index + 1)"
                lines.append(try writer.add(pictures.next(kind), "\(type.rawValue)/\(name)"))
            }
            try writer.write(lines, type)
        }
        return DemoInput(
            datasets: [.train, .test],
            description:
                "48 training and 24 test pictures of a metal plate, drawn with seed \(seed)"
        )
    }

    // MARK: A folder with normal/ and anomaly/

    static func folder(_ source: String, bucket: String, folder: String) throws -> DemoInput {
        let writer = BucketWriter(bucket: bucket, folder: folder)
        var lines: [JSONValue] = []
        var counts: [String: Int] = [:]
        for kind in ["normal", "anomaly"] {
            let path = "\(source)/\(kind)"
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                throw DemoError(
                    "\(source) has no folder \(kind)/. It needs normal/ and anomaly/ with PNG or "
                        + "JPEG files.")
            }
            for name in names.sorted() where isImage(name) {
                try writer.copy("\(path)/\(name)", key: "\(kind)/\(name)")
                lines.append(writer.line("\(kind)/\(name)", isAnomalous: kind == "anomaly"))
                counts[kind, default: 0] += 1
            }
        }
        try writer.write(lines, .train)
        return DemoInput(
            datasets: [.train],
            description: "\(counts["normal"] ?? 0) normal and \(counts["anomaly"] ?? 0) anomalous "
                + "pictures of \(source)")
    }

    private static func isImage(_ name: String) -> Bool {
        ["png", "jpg", "jpeg"].contains((name as NSString).pathExtension.lowercased())
    }

    // MARK: A Ground Truth manifest

    /// References are as `ManifestFile` has them.
    static func manifest(_ file: String, bucket: String, folder: String) throws -> DemoInput {
        let source = try ManifestFile(path: file)
        let writer = BucketWriter(bucket: bucket, folder: folder)
        var lines: [JSONValue] = []
        for line in source.lines {
            var members = try JSONValue(parsing: Data(line.text.utf8)).object ?? [:]
            let references = [line.parsed.imageReference, line.parsed.mask?.reference]
                .compactMap { $0 }
            for (name, value) in members {
                guard let reference = value.string, references.contains(reference) else { continue }
                let target = try source.target(reference, line)
                try writer.copy(target.file, key: target.key)
                members[name] = .string(writer.uri(target.key))
            }
            lines.append(.object(members))
        }
        try writer.write(lines, .train)
        return DemoInput(datasets: [.train], description: "\(lines.count) images of \(file)")
    }
}

/// Why a demonstration cannot go on, for the person who started it.
struct DemoError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Puts files and manifests into a bucket's folder.
private struct BucketWriter {
    let bucket: String
    let folder: String

    func uri(_ key: String) -> String { "s3://\(bucket)/\(key)" }

    func copy(_ source: String, key: String) throws {
        guard !key.split(separator: "/").contains(".."), !key.hasPrefix("/") else {
            throw DemoError("'\(key)' leads out of the manifest's folder.")
        }
        guard FileManager.default.fileExists(atPath: source) else {
            throw DemoError("The image \(source) does not exist.")
        }
        let target = "\(folder)/\(key)"
        try makeParent(of: target)
        if !FileManager.default.fileExists(atPath: target) {
            try FileManager.default.copyItem(atPath: source, toPath: target)
        }
    }

    func add(_ picture: ProductPictures.Picture, _ name: String) throws -> JSONValue {
        let key = "\(name).jpg"
        try write(try JPEG.encode(picture.image, quality: 92), key: key)
        guard let defect = picture.defect else { return line(key, isAnomalous: false) }
        let maskKey = "\(name)-mask.png"
        let color = RGB(hex: defect.label.color) ?? .white
        let mask = try PNG.encode(
            indices: picture.mask, width: picture.image.width, height: picture.image.height,
            palette: [.white, color])
        try write(mask, key: maskKey)
        guard case .object(var members) = line(key, isAnomalous: true) else { return .null }
        members["defect-ref"] = .string(uri(maskKey))
        members["defect-ref-metadata"] = .object([
            "type": .string("groundtruth/semantic-segmentation"),
            "human-annotated": .string("no"),
            "creation-date": .string("2026-01-01T00:00:00"),
            "job-name": .string("spotter-demo"),
            "internal-color-map": .object([
                "0": entry("BACKGROUND", RGB.white.hex),
                "1": entry(defect.label.name, defect.label.color),
            ]),
        ])
        return .object(members)
    }

    private func entry(_ name: String, _ color: String) -> JSONValue {
        .object(["class-name": .string(name), "hex-color": .string(color)])
    }

    func line(_ key: String, isAnomalous: Bool) -> JSONValue {
        .object([
            "source-ref": .string(uri(key)),
            "verdict": .integer(isAnomalous ? 1 : 0),
            "verdict-metadata": .object([
                "class-name": .string(isAnomalous ? "anomaly" : "normal"),
                "confidence": .integer(1),
                "type": .string("groundtruth/image-classification"),
                "human-annotated": .string("no"),
                "creation-date": .string("2026-01-01T00:00:00"),
                "job-name": .string("spotter-demo"),
            ]),
        ])
    }

    func write(_ lines: [JSONValue], _ type: DatasetType) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = try lines.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        try write(
            Data((text.joined(separator: "\n") + "\n").utf8), key: "\(type.rawValue).manifest")
    }

    private func write(_ bytes: Data, key: String) throws {
        let path = "\(folder)/\(key)"
        try makeParent(of: path)
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    private func makeParent(of path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    }
}
