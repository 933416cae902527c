/// What 'spotter doctor' found out about one thing.
package struct Finding: Sendable, Codable, Equatable {
    /// Raw values are the words of the JSON report.
    package enum Level: String, Sendable, Codable {
        case ok
        /// Works, and should be looked at.
        case warning
        /// Does not work.
        case failed
    }

    /// What was looked at, in a word or two.
    package let check: String
    /// What the command's exit status depends on.
    package let level: Level
    /// What was found, on one line of at most 1,000 characters.
    package let text: String
    /// What to do; nil when there is nothing to be done.
    package let remedy: String?

    private init(_ check: String, _ level: Level, _ text: String, _ remedy: String?) {
        self.check = check
        self.level = level
        self.text = Self.line(text)
        self.remedy = remedy.map(Self.line)
    }

    /// A finding that asks for nothing.
    package static func ok(_ check: String, _ text: String) -> Finding {
        Finding(check, .ok, text, nil)
    }

    /// - Parameter remedy: What the operator should do, as a sentence.
    package static func warning(_ check: String, _ text: String, do remedy: String) -> Finding {
        Finding(check, .warning, text, remedy)
    }

    /// - Parameter remedy: What the operator must do, as a sentence.
    package static func failed(_ check: String, _ text: String, do remedy: String) -> Finding {
        Finding(check, .failed, text, remedy)
    }

    /// Errors of others may have many lines, and long ones.
    private static func line(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count <= textCharactersMax ? line : line.prefix(textCharactersMax) + "…"
    }

    private static let textCharactersMax = 1_000
}
