/// The format of AWS's files of profiles: sections with settings, as INI files have them.
package enum ProfileFile {
    /// Name of the section of what stands before the first header.
    package static let headless = ""

    /// - Returns: settings in lower case by the names of their sections; nested settings and those
    ///   without a value are left out, and of two with one name the later one counts.
    package static func sections(of text: String) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var current = headless
        for raw in text.split(whereSeparator: \.isNewline) {
            let line = trimmed(raw)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                let name = line[line.index(after: line.startIndex)..<end]
                let words = name.split(whereSeparator: { $0 == " " || $0 == "\t" })
                let joined = words.joined(separator: " ")
                current = joined
                sections[joined, default: [:]].merge([:]) { first, _ in first }
            } else if raw.first?.isWhitespace == false,
                let equals = line.firstIndex(of: "=")
            {
                let name = trimmed(line[..<equals]).lowercased()
                let value = trimmed(line[line.index(after: equals)...])
                if !value.isEmpty { sections[current, default: [:]][name] = String(value) }
            }
        }
        return sections
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let head = text.drop(while: isSpace)
        return head.dropLast(head.reversed().prefix(while: isSpace).count)
    }
}
