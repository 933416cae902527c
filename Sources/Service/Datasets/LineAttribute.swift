import FoundationEssentials
import Wire

/// Rules that all attributes of labelling jobs share: `NAME`, whose description is `NAME-metadata`.
enum LineAttribute {
    static let metadataSuffix = "-metadata"

    /// The attributes that are described as of a type, in the order of their names.
    ///
    /// - Parameter type: like `groundtruth/image-classification`; nil for a description without
    ///   one.
    static func named(in members: [String: JSONValue]) -> [(
        name: String, type: String?, metadata: [String: JSONValue]
    )] {
        members.keys.sorted().compactMap { key in
            // What is not an object describes nothing, and other programs may use the name.
            guard key.hasSuffix(metadataSuffix), let metadata = members[key]?.object else {
                return nil
            }
            let type = metadata["type"]?.string.map { trimmed($0).lowercased() }
            return (String(key.dropLast(metadataSuffix.count)), type, metadata)
        }
    }

    /// The newest of several attributes of one kind: jobs that were chained or adjusted write one
    /// each.
    ///
    /// - Parameter kind: for messages: "label", "mask".
    /// - Returns: nil for none.
    /// - Throws: `ManifestLineError` when their creation dates do not say which is the newest.
    static func newest<Attribute>(
        _ all: [Attribute], kind: String, name: (Attribute) -> String,
        metadata: (Attribute) -> [String: JSONValue]
    ) throws(ManifestLineError) -> Attribute? {
        guard all.count > 1 else { return all.first }
        let dated = all.map { (attribute: $0, date: date(metadata($0)["creation-date"])) }
        let sorted = dated.sorted { ($0.date ?? .distantPast) > ($1.date ?? .distantPast) }
        guard let first = sorted[0].date, sorted.allSatisfy({ $0.date != nil }),
            first != sorted[1].date
        else {
            let names = dated.map { "\(name($0.attribute)) (\(words(metadata($0.attribute))))" }
            throw ManifestLineError(
                "has \(all.count) \(kind) attributes, \(names.joined(separator: " and ")), and "
                    + "their creation-dates do not say which is the newest; keep one of them, or "
                    + "give them different dates")
        }
        return sorted[0].attribute
    }

    private static func words(_ metadata: [String: JSONValue]) -> String {
        let date = metadata["creation-date"]?.string
        return date.map { "creation-date \($0.prefix(40))" } ?? "no creation-date"
    }

    /// Ground Truth writes UTC without a zone; ISO 8601 with a zone, a fraction or a date alone is
    /// taken too.
    static func date(_ value: JSONValue?) -> Date? {
        guard let text = value?.string.map(trimmed) else { return nil }
        var full = text.replacing(" ", with: "T")
        if !full.contains("T") { full += "T00:00:00" }
        let time = full.split(separator: "T", maxSplits: 1).last ?? ""
        if !time.contains(where: { "Z+-".contains($0) }) { full += "Z" }
        return try? Date(full, strategy: .iso8601)
    }

    /// Without blanks and line ends around it.
    static func trimmed(_ text: String) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }
}
