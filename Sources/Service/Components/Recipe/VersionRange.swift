/// Ranges of versions as npm writes them, which recipes use for dependencies.
enum VersionRange {
    private static let charactersMax = 256

    /// Whether a text is a range: comparisons, `^`, `~`, hyphens, wildcards, joined by spaces
    /// and `||`.
    static func isValid(_ text: String) -> Bool {
        guard !text.isEmpty, text.unicodeScalars.count <= charactersMax else { return false }
        return alternatives(text).allSatisfy(isAlternative)
    }

    /// Whether a text is a range that every nucleus understands: comparisons with a single space
    /// between them.
    static func isPortable(_ text: String) -> Bool {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        return isValid(text)
            && parts.allSatisfy { part in
                let rest = part.drop { "<>=".contains($0) }
                let sign = part.prefix(part.count - rest.count)
                return ["=", ">", ">=", "<", "<="].contains(sign)
                    && rest.split(separator: ".", omittingEmptySubsequences: false).count == 3
                    && rest.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
            }
    }

    private static func alternatives(_ text: String) -> [Substring] {
        var (found, start) = ([Substring](), text.startIndex)
        while let bar = text[start...].firstRange(of: "||") {
            found.append(text[start..<bar.lowerBound])
            start = bar.upperBound
        }
        return found + [text[start...]]
    }

    private static func isAlternative(_ text: Substring) -> Bool {
        var words = text.split(separator: " ")
        if words.count == 3, words[1] == "-" { return isPartial(words[0]) && isPartial(words[2]) }
        // A sign may stand apart from its version.
        while !words.isEmpty {
            let word = words.removeFirst()
            let sign = word.prefix { "<>=~^".contains($0) }
            guard ["", "=", ">", ">=", "<", "<=", "~", "~>", "^"].contains(sign) else {
                return false
            }
            var version = word.dropFirst(sign.count)
            if version.isEmpty {
                guard !sign.isEmpty, !words.isEmpty else { return false }
                version = words.removeFirst()
            }
            guard isPartial(version) else { return false }
        }
        return true
    }

    /// One to three numbers or wildcards, with a prerelease and a build where there are three.
    private static func isPartial(_ text: Substring) -> Bool {
        let sides = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = sides[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        var core = parts[0]
        if core.first == "v" { core = core.dropFirst() }
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
        let hasLabels = parts.count > 1 || sides.count > 1
        guard (1...3).contains(numbers.count), !hasLabels || numbers.count == 3 else {
            return false
        }
        let areNumbers = numbers.allSatisfy { number in
            ["x", "X", "*"].contains(number)
                || (!number.isEmpty && number.utf8.count <= 6
                    && number.utf8.allSatisfy { (48...57).contains($0) })
        }
        let labels = parts.dropFirst() + sides.dropFirst()
        return areNumbers
            && labels.allSatisfy { label in
                label.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
                    !$0.isEmpty
                        && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
                }
            }
    }
}
