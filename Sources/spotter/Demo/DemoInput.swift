import Foundation
import Service
import Vision
import Wire

/// The pictures of a demonstration, put into a bucket with their manifests.
struct DemoInput {
    /// Dataset types for which the bucket now has `TYPE.manifest`.
    let datasets: [DatasetType]
    let description: String

    private static let seed: UInt64 = 2021

    // MARK: Our own pictures

    static func drawn(_ bucket: DemoBucket) async throws -> DemoInput {
        var pictures = ProductPictures(seed: seed)
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
                lines.append(try await bucket.add(pictures.next(kind), "\(type.rawValue)/\(name)"))
            }
            try await bucket.write(lines, type)
        }
        return DemoInput(
            datasets: [.train, .test],
            description:
                "48 training and 24 test pictures of a metal plate, drawn with seed \(seed)"
        )
    }

    // MARK: A folder with normal/ and anomaly/

    static func folder(_ source: String, _ bucket: DemoBucket) async throws -> DemoInput {
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
                try await bucket.copy("\(path)/\(name)", key: "\(kind)/\(name)")
                lines.append(bucket.line("\(kind)/\(name)", isAnomalous: kind == "anomaly"))
                counts[kind, default: 0] += 1
            }
        }
        try await bucket.write(lines, .train)
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
    static func manifest(_ file: String, _ bucket: DemoBucket) async throws -> DemoInput {
        let source = try ManifestFile(path: file)
        var lines: [JSONValue] = []
        for line in source.lines {
            var members = line.parsed.members
            let references = [line.parsed.source, line.parsed.mask?.reference]
                .compactMap { $0 }
            for (name, value) in members {
                guard let reference = value.string, references.contains(reference) else { continue }
                let target = try source.target(reference, line)
                try await bucket.copy(target.file, key: target.key)
                members[name] = .string(bucket.uri(target.key))
            }
            lines.append(.object(members))
        }
        try await bucket.write(lines, .train)
        return DemoInput(datasets: [.train], description: "\(lines.count) images of \(file)")
    }
}

/// Why a demonstration cannot go on, for the person who started it.
struct DemoError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
