/// Texts that callers and files bring, for terminals and logs.
package enum LogText {
    /// `text` on one line, without what a terminal obeys: control characters and those that change
    /// the direction of writing become `\u{…}` with their hexadecimal number.
    package static func escaped(_ text: String) -> String {
        guard !text.unicodeScalars.allSatisfy({ isPlain($0) }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if isPlain(scalar) {
                escaped.unicodeScalars.append(scalar)
            } else {
                escaped += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
        return escaped
    }

    /// `text` with its line ends, and otherwise as `escaped` makes it.
    package static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { escaped(String($0)) }.joined(separator: "\n")
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}
