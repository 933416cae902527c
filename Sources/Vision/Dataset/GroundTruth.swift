import FoundationEssentials

/// One line of a SageMaker Ground Truth manifest: an image and what people said about it.
package struct GroundTruthLine: Sendable, Equatable {
    package enum Verdict: String, Sendable {
        case normal
        case anomaly
    }

    /// An entry of a mask's colour map.
    package struct MaskClass: Sendable, Equatable {
        package let name: String
        package let color: RGB
    }

    package struct Mask: Sendable, Equatable {
        package let reference: String
        /// In the order of the manifest's indices.
        package let classes: [MaskClass]
    }

    package let imageReference: String
    /// nil for an image without a label.
    package let verdict: Verdict?
    package let mask: Mask?

    /// Name that the guide gives to the part of a mask without a defect, in upper or lower case.
    package static let backgroundName = "background"

    private static let classificationType = "groundtruth/image-classification"
    private static let segmentationType = "groundtruth/semantic-segmentation"
    private static let metadataSuffix = "-metadata"

    /// - Throws: `invalidManifest` naming the member that is wrong.
    package init(parsing line: some StringProtocol) throws(VisionError) {
        guard line.utf8.count <= VisionLimits.manifestLineBytesMax else {
            throw Self.invalid(
                "is longer than \(VisionLimits.manifestLineBytesMax) bytes")
        }
        let members: Members
        do {
            members = try JSONDecoder().decode(Members.self, from: Data(String(line).utf8))
        } catch DecodingError.typeMismatch(_, let context) {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw Self.invalid(
                path.isEmpty ? "is not a JSON object" : "has a value of a wrong type at \(path)")
        } catch {
            throw Self.invalid("is not a JSON object")
        }
        guard let reference = members.texts["source-ref"], !reference.isEmpty else {
            throw Self.invalid("has no \"source-ref\" with the image's location")
        }
        imageReference = reference
        verdict =
            members.metadata.sorted { $0.key < $1.key }
            .filter { $0.value.type == Self.classificationType }
            .compactMap { $0.value.className.flatMap(Verdict.init) }
            .first
        mask = try Self.mask(in: members)
    }

    private static func mask(in members: Members) throws(VisionError) -> Mask? {
        for (key, metadata) in members.metadata.sorted(by: { $0.key < $1.key })
        where metadata.type == segmentationType {
            let name = String(key.dropLast(metadataSuffix.count))
            guard let reference = members.texts[name], !reference.isEmpty else { continue }
            var classes: [(index: Int, value: MaskClass)] = []
            for (index, entry) in metadata.colorMap ?? [:] {
                guard let number = Int(index), let className = entry.className,
                    let color = entry.color.flatMap(RGB.init(hex:))
                else {
                    throw invalid(
                        "needs a \"class-name\" and a \"hex-color\" like #23A436 at "
                            + "\(key).internal-color-map.\(index)")
                }
                classes.append((number, MaskClass(name: className, color: color)))
            }
            guard !classes.isEmpty else {
                throw invalid("has no \"internal-color-map\" in \(key)")
            }
            classes.sort { $0.index < $1.index }
            return Mask(reference: reference, classes: classes.map(\.value))
        }
        return nil
    }

    private static func invalid(_ reason: String) -> VisionError {
        VisionError(.invalidManifest, "The line \(reason).")
    }

    /// The members that matter, whatever their names.
    private struct Members: Decodable {
        var texts: [String: String] = [:]
        var metadata: [String: Metadata] = [:]

        struct Metadata: Decodable {
            var type: String?
            var className: String?
            var colorMap: [String: ColorMapEntry]?

            enum CodingKeys: String, CodingKey {
                case type
                case className = "class-name"
                case colorMap = "internal-color-map"
            }
        }

        struct ColorMapEntry: Decodable {
            var className: String?
            var color: String?

            enum CodingKeys: String, CodingKey {
                case className = "class-name"
                case color = "hex-color"
            }
        }

        struct AnyKey: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: AnyKey.self)
            for key in container.allKeys {
                if key.stringValue.hasSuffix(GroundTruthLine.metadataSuffix) {
                    metadata[key.stringValue] = try container.decode(Metadata.self, forKey: key)
                } else if let text = try? container.decode(String.self, forKey: key) {
                    texts[key.stringValue] = text
                }
            }
        }
    }
}

extension GroundTruthLine.MaskClass {
    /// Whether it stands for what is no defect.
    package var isBackground: Bool { name.lowercased() == GroundTruthLine.backgroundName }
}

extension GroundTruthLine {
    /// The labels that masks name, in their order, each once and without the background.
    package static func labels(of masks: [Mask]) -> [LabelClass] {
        masks.flatMap(\.classes).filter { !$0.isBackground }.reduce(into: []) { labels, entry in
            guard !labels.contains(where: { $0.name == entry.name }) else { return }
            labels.append(LabelClass(name: entry.name, color: entry.color.hex))
        }
    }
}
