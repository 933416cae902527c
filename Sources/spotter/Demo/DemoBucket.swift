import Base
import Foundation
import Storage
import Vision
import Wire

/// Puts pictures and manifests into a bucket.
struct DemoBucket: Sendable {
    let objects: any ObjectStore
    let name: String

    func uri(_ key: String) -> String { location(key).uri }

    private func location(_ key: String) -> ObjectLocation {
        ObjectLocation(bucket: name, key: key)
    }

    func copy(_ source: String, key: String) async throws {
        guard !key.split(separator: "/").contains(".."), !key.hasPrefix("/") else {
            throw DemoError("'\(key)' leads out of the manifest's folder.")
        }
        guard FileManager.default.fileExists(atPath: source) else {
            throw DemoError("The image \(source) does not exist.")
        }
        // Several lines may refer to one picture.
        guard try await objects.head(location(key)) == nil else { return }
        try await objects.put(.file(path: source), at: location(key))
    }

    func add(_ picture: ProductPictures.Picture, _ name: String) async throws
        -> JSONValue
    {
        let key = "\(name).jpg"
        try await write(try JPEG.encode(picture.image, quality: 92), key: key)
        guard let defect = picture.defect else { return line(key, isAnomalous: false) }
        let maskKey = "\(name)-mask.png"
        let color = RGB(hex: defect.label.color) ?? .white
        let mask = try PNG.encode(
            indices: picture.mask, width: picture.image.width, height: picture.image.height,
            palette: [.white, color])
        try await write(mask, key: maskKey)
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

    func write(_ lines: [JSONValue], _ type: DatasetType) async throws {
        let text = try lines.map { try JSONCoding.text($0) }
        try await write(
            Data((text.joined(separator: "\n") + "\n").utf8), key: "\(type.rawValue).manifest")
    }

    private func write(_ bytes: Data, key: String) async throws {
        try await objects.put(.bytes(bytes), at: location(key))
    }
}
