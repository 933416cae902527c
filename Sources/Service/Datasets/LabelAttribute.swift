import FoundationEssentials
import Wire

/// What one labelling job said about the whole image. `docs/labels.md` has the rules for users.
struct LabelAttribute {
    let name: String
    let verdict: ManifestLine.Verdict
    /// The class-name that says nothing, where the number says `verdict`.
    let words: String?

    private static let type = "groundtruth/image-classification"
    /// The attribute that the guide of Lookout for Vision uses. It alone needs no description.
    private static let usualName = "anomaly-label"

    /// The label that counts.
    ///
    /// - Returns: nil for an image that nobody labelled.
    /// - Throws: `ManifestLineError` naming attribute and words for a label that is not understood,
    ///   and for several of which none is the newest.
    static func chosen(in members: [String: JSONValue]) throws(ManifestLineError) -> LabelAttribute?
    {
        let all = claims(in: members)
        let newest = try LineAttribute.newest(
            all, kind: "label", name: \.name, metadata: \.metadata)
        guard let newest else { return nil }
        // Another job may have numbered other classes, so numbers do not overrule words.
        let others = all.filter { $0.name != newest.name && $0.wordVerdict != nil }
        if newest.wordVerdict == nil, let words = newest.words,
            let other = others.first(where: { $0.wordVerdict != newest.numberVerdict })
        {
            throw ManifestLineError(
                "has the class-name '\(words.prefix(60))' in \(newest.name), which is newer than "
                    + "'\(other.words ?? "")' in \(other.name); the class-name of a label must be "
                    + "normal or anomaly. Correct \(newest.name), or remove it if it is not about "
                    + "anomalies")
        }
        guard let verdict = newest.wordVerdict ?? newest.numberVerdict else {
            throw newest.notUnderstood
        }
        return LabelAttribute(
            name: newest.name, verdict: verdict,
            words: newest.wordVerdict == nil ? newest.words : nil)
    }

    /// The attributes that are labels, whichever of them counts.
    static func names(in members: [String: JSONValue]) -> [String] {
        claims(in: members).map(\.name)
    }

    private static func claims(in members: [String: JSONValue]) -> [Claim] {
        var claims: [Claim] = []
        for (name, type, metadata) in LineAttribute.named(in: members) {
            let claim = Claim(name: name, value: members[name], metadata: metadata)
            // An evaluation's manifest may be used again; what a model thought is not a label.
            guard claim.saysSomething, metadata["model-arn"] == nil else { continue }
            // Without a type, only what can be nothing else.
            if type == Self.type || type == nil && (claim.wordVerdict != nil || name == usualName) {
                claims.append(claim)
            }
        }
        if claims.isEmpty, members[usualName + LineAttribute.metadataSuffix]?.object == nil {
            let claim = Claim(name: usualName, value: members[usualName], metadata: [:])
            if claim.saysSomething { claims.append(claim) }
        }
        return claims
    }

    /// What an attribute says, understood or not.
    private struct Claim {
        let name: String
        let value: JSONValue?
        let metadata: [String: JSONValue]

        /// The class's name; without one, the words that stand in the number's place.
        var words: String? {
            if let name = text(metadata["class-name"]) { return name }
            // A list or a number says nothing, but it is said.
            if let other = metadata["class-name"], other != .null, other.string == nil {
                return other.kind
            }
            return text(value).flatMap { Int($0) == nil ? $0 : nil }
        }

        private func text(_ value: JSONValue?) -> String? {
            value?.string.map(LineAttribute.trimmed).flatMap { $0.isEmpty ? nil : $0 }
        }

        var wordVerdict: ManifestLine.Verdict? {
            words.flatMap { ManifestLine.Verdict(rawValue: $0.lowercased()) }
        }

        /// 0 and 1, as a number or as its text.
        var numberVerdict: ManifestLine.Verdict? {
            switch value {
            case .integer(0): .normal
            case .integer(1): .anomaly
            case .string(let text):
                ["0": .normal, "1": .anomaly][LineAttribute.trimmed(text)]
            default: nil
            }
        }

        /// A job that failed for an image leaves a description without class and number.
        var saysSomething: Bool {
            if words != nil { return true }
            return switch value {
            case nil, .null: false
            case .string: text(value) != nil
            default: true
            }
        }

        var notUnderstood: ManifestLineError {
            let said: String =
                if let words {
                    "the class-name '\(words.prefix(60))' in \(name)\(LineAttribute.metadataSuffix)"
                } else {
                    "no class-name in \(name)\(LineAttribute.metadataSuffix) and \(shown) as \(name)"
                }
            return ManifestLineError(
                "has \(said), which says neither normal nor anomaly; write one of these words as "
                    + "class-name, or 0 (normal) or 1 (anomaly) as \(name)")
        }

        private var shown: String {
            switch value {
            case .integer(let number): String(number)
            case .number(let number): String(number)
            case .boolean(let flag): String(flag)
            case .string(let text): "'\(text.prefix(60))'"
            default: value?.kind ?? "nothing"
            }
        }
    }
}
