import Base
package import FoundationEssentials
import Wire

extension ManifestLine {
    /// The line with another label, and everything else as it was.
    ///
    /// - Parameters:
    ///   - verdict: nil takes the label away.
    ///   - person: who labelled, for the label's description.
    ///   - time: of the label.
    package func relabelled(_ verdict: Verdict?, by person: String, at time: Date) throws
        -> String
    {
        var members = members
        for name in Set([labelAttribute, Self.usualLabel].compactMap { $0 }) {
            members[name] = nil
            members[name + LineAttribute.metadataSuffix] = nil
        }
        if let verdict {
            members[Self.usualLabel] = .integer(verdict == .anomaly ? 1 : 0)
            members[Self.usualLabel + LineAttribute.metadataSuffix] = .object([
                "class-name": .string(verdict.rawValue), "confidence": .integer(1),
                "type": .string("groundtruth/image-classification"),
                "human-annotated": .string("yes"), "job-name": .string("console/\(person)"),
                "creation-date": .string(time.formatted(.iso8601)),
            ])
        }
        return try JSONCoding.text(JSONValue.object(members))
    }

    /// A line for an image that is in no dataset yet.
    package static func fresh(_ source: String) throws -> ManifestLine {
        try ManifestLine(
            parsing: try JSONCoding.text(JSONValue.object(["source-ref": .string(source)])))
    }

    private static let usualLabel = "anomaly-label"
}
