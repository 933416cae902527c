import Base
package import FoundationEssentials
package import Vision
import Wire

extension ManifestLine {
    /// The line with another label, and everything else as it was.
    ///
    /// - Parameters:
    ///   - verdict: nil takes the label away.
    ///   - kind: of defect that an anomaly has, as `isKind` allows. It takes away all other labels,
    ///     since an older one that says normal would contradict it.
    ///   - person: who labelled, for the label's description.
    ///   - time: of the label.
    package func relabelled(
        _ verdict: Verdict?, kind: String? = nil, by person: String, at time: Date
    ) throws -> String {
        var members = members
        let others = kind == nil ? [] : LabelAttribute.names(in: members)
        for name in Set([labelAttribute, Self.usualLabel].compactMap { $0 } + others) {
            members[name] = nil
            members[name + LineAttribute.metadataSuffix] = nil
        }
        if let verdict {
            members[Self.usualLabel] = .integer(verdict == .anomaly ? 1 : 0)
            members[Self.usualLabel + LineAttribute.metadataSuffix] = .object([
                "class-name": .string(kind ?? verdict.rawValue), "confidence": .integer(1),
                "type": .string("groundtruth/image-classification"),
                "human-annotated": .string("yes"), "job-name": .string("console/\(person)"),
                "creation-date": .string(time.formatted(.iso8601)),
            ])
        }
        return try JSONCoding.text(JSONValue.object(members))
    }

    /// The line with another mask, and everything else as it was. What several labelling jobs
    /// outlined goes: the new mask is the only one.
    ///
    /// - Parameters:
    ///   - reference: of the PNG; nil takes the mask away.
    ///   - classes: what its colours stand for, the background first, each colour once.
    ///   - person: who outlined, for the mask's description.
    ///   - time: of the mask.
    package func remasked(
        _ reference: String?, _ classes: [MaskClass], by person: String, at time: Date
    ) throws -> String {
        var members = members
        for name in MaskAttribute.names(in: members) + [MaskAttribute.usualName] {
            members[name] = nil
            members[name + LineAttribute.metadataSuffix] = nil
        }
        if let reference {
            let map = classes.enumerated().map { index, entry in
                let value: JSONValue = .object([
                    "class-name": .string(entry.name), "hex-color": .string(entry.color.hex),
                    "confidence": .integer(1),
                ])
                return (String(index), value)
            }
            members[MaskAttribute.usualName] = .string(reference)
            members[MaskAttribute.usualName + LineAttribute.metadataSuffix] = .object([
                MaskAttribute.mapName: .object(Dictionary(uniqueKeysWithValues: map)),
                "type": .string(MaskAttribute.type), "human-annotated": .string("yes"),
                "job-name": .string("console/\(person)"),
                "creation-date": .string(time.formatted(.iso8601)),
            ])
        }
        return try JSONCoding.text(JSONValue.object(members))
    }

    /// Whether a word can be the kind of defect in a label: one that stands there as it is and does
    /// not say itself whether the image is normal.
    package static func isKind(_ word: String) -> Bool {
        !word.isEmpty && word.utf8.count <= kindBytesMax && word == LineAttribute.trimmed(word)
            && Verdict(rawValue: word.lowercased()) == nil
            && !word.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// As many as a label of a mask may have.
    private static let kindBytesMax = 256

    /// The line with another name for a label of its mask and for the kind of defect in its label,
    /// and everything else as it was.
    package func renamed(label old: String, to new: String) throws -> String {
        var members = members
        for name in MaskAttribute.names(in: members) {
            let key = name + LineAttribute.metadataSuffix
            guard var details = members[key]?.object,
                var map = details[MaskAttribute.mapName]?.object
            else { continue }
            for (index, entry) in map where entry.object?["class-name"]?.string == old {
                var entry = entry.object ?? [:]
                entry["class-name"] = .string(new)
                map[index] = .object(entry)
            }
            details[MaskAttribute.mapName] = .object(map)
            members[key] = .object(details)
        }
        if kind == old, let key = labelAttribute.map({ $0 + LineAttribute.metadataSuffix }),
            var details = members[key]?.object
        {
            details["class-name"] = .string(new)
            members[key] = .object(details)
        }
        return try JSONCoding.text(JSONValue.object(members))
    }

    /// A line that takes an image out of a dataset, for UpdateDatasetEntries.
    package static func removal(of source: String) throws -> String {
        try JSONCoding.text(
            JSONValue.object(["source-ref": .string(source), removalMember: .boolean(true)]))
    }

    /// A line for an image that is in no dataset yet.
    package static func fresh(_ source: String) throws -> ManifestLine {
        try ManifestLine(
            parsing: try JSONCoding.text(JSONValue.object(["source-ref": .string(source)])))
    }

    private static let usualLabel = "anomaly-label"
}
