import FoundationEssentials
package import Vision
package import Wire

/// One line of a SageMaker Ground Truth manifest: an image and what people said about it. The
/// reader of manifests, training, evaluation and the evaluation's manifest share this type.
package struct ManifestLine: Sendable, Equatable {
    /// What people said about the whole image.
    package enum Verdict: String, Sendable {
        case normal
        case anomaly
    }

    /// What people outlined in the image.
    package struct Mask: Sendable, Equatable {
        /// Where the PNG is: `s3://BUCKET/KEY` in a dataset.
        package let reference: String
        /// In the order of the manifest's indices; at least one, no colour twice.
        package let classes: [MaskClass]
    }

    /// The line as it was given.
    package let text: String
    /// `source-ref`, the image's location: `s3://BUCKET/KEY` in a dataset.
    package let source: String
    /// nil for an image without a label.
    package let verdict: Verdict?
    /// nil for an image without a mask.
    package let mask: Mask?
    /// The attribute that `verdict` was read from.
    let labelAttribute: String?
    /// The class-name that says nothing, where a number said `verdict`.
    let labelWords: String?
    /// What kind of defect an anomaly has, where its label says more than that it is one.
    package var kind: String? { verdict == .anomaly ? labelWords : nil }
    /// The attribute that `mask` was read from.
    let maskAttribute: String?
    /// Whether the line takes its image out of the dataset; an extension of Spotter.
    package var isRemoval: Bool { members[Self.removalMember] == .boolean(true) }
    /// The member that makes a line a removal when it is true.
    package static let removalMember = "spotter-remove"
    /// The whole line, for those who write one with more members.
    package let members: [String: JSONValue]

    /// Reads a line, without blanks or a line's end around it.
    ///
    /// - Throws: `ManifestLineError` naming the member that is wrong.
    package init(parsing text: some StringProtocol) throws(ManifestLineError) {
        guard text.utf8.count <= VisionLimits.manifestLineBytesMax else {
            throw ManifestLineError(
                "is longer than \(VisionLimits.manifestLineBytesMax) bytes")
        }
        self.text = String(text)
        members = try Self.members(of: self.text)
        guard let source = members["source-ref"]?.string, !source.isEmpty else {
            throw ManifestLineError("has no \"source-ref\" with the image's location")
        }
        self.source = source
        let label = try LabelAttribute.chosen(in: members)
        verdict = label?.verdict
        labelAttribute = label?.name
        labelWords = label?.words
        let mask = try MaskAttribute.chosen(in: members)
        self.mask = mask?.mask
        maskAttribute = mask?.name
    }

    private static func members(of text: String) throws(ManifestLineError) -> [String: JSONValue] {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: Data(text.utf8))
        } catch {
            throw ManifestLineError("is not a JSON object" + hint(text))
        }
        guard let members = value.object else {
            throw ManifestLineError("is \(value.kind); it must be a JSON object")
        }
        return members
    }

    /// The two mistakes that programs make, in words.
    private static func hint(_ text: String) -> String {
        let bare = text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 0 }.map(\.element)
        if let word = ["NaN", "Infinity"].first(where: { word in
            bare.contains { $0.contains(word) }
        }) {
            return ": it has \(word), which JSON does not know; write null"
        }
        if text.hasPrefix("{"), !text.hasSuffix("}") || text == "{" {
            return ": it ends before its closing brace; an object must stand on one line"
        }
        return ""
    }
}
