import Testing

/// The share of shared declarations that say more than their name. Of every `package` declaration
/// in Sources that is not generated, extensions left out, the line above it (or above its
/// attributes) must be a documentation comment.
@Suite struct DocumentationTests {
    /// Only ever rises.
    static let documentedShareMin = 0.94

    @Test func sharedDeclarationsAreDocumented() throws {
        var (all, documented) = (0, 0)
        for path in try SourceTree.files(below: "Sources") {
            let lines = try SourceTree.lines(of: path)
            for (index, line) in lines.enumerated() where Self.isDeclaration(line) {
                all += 1
                if Self.isDocumented(lines[..<index]) { documented += 1 }
            }
        }
        try #require(all > 1000)
        let share = Double(documented) / Double(all)
        #expect(
            share >= Self.documentedShareMin,
            "\(documented) of \(all) package declarations are documented")
    }

    @Test(arguments: [
        ("    package let size: Int", true), ("package final class A {", true),
        ("    @discardableResult package mutating func go() {", true),
        ("    package private(set) var a = 1", true), ("    package static let a = 1", true),
        ("package extension A {", false), ("package import Wire", false),
        ("    let package = 1", false), ("/// package let a", false),
        ("    case package(Int)", false), ("    package indirect enum A {", true),
        ("    package init?(text: String) {", true), ("    package subscript(a: Int) -> Int", true),
    ])
    func aDeclarationIsRecognised(_ line: String, _ isDeclaration: Bool) {
        #expect(Self.isDeclaration(line[...]) == isDeclaration)
    }

    private static let modifiers: Set<Substring> = [
        "static", "final", "indirect", "mutating", "nonmutating", "override", "required",
        "convenience", "private(set)", "lazy", "class", "nonisolated", "borrowing", "consuming",
    ]
    private static let kinds: Set<Substring> = [
        "func", "var", "let", "init", "struct", "enum", "class", "protocol", "actor", "typealias",
        "subscript",
    ]

    private static func isDeclaration(_ line: Substring) -> Bool {
        var words = line.split(separator: " ")[...]
        while let word = words.first, word.hasPrefix("@") {
            words = words.dropFirst()
            // An attribute's arguments may have spaces.
            if word.contains("("), !word.contains(")") {
                words = words.drop { !$0.contains(")") }.dropFirst()
            }
        }
        guard words.first == "package" else { return false }
        words = words.dropFirst()
        while words.count > 1, let word = words.first, modifiers.contains(word) {
            // `class` is a kind where a name follows.
            if word == "class", !isKind(words.dropFirst().first),
                !modifiers.contains(words[words.startIndex + 1])
            {
                break
            }
            words = words.dropFirst()
        }
        return isKind(words.first)
    }

    private static func isKind(_ word: Substring?) -> Bool {
        guard let word else { return false }
        return kinds.contains(word.prefix { $0.isLetter })
    }

    private static func isDocumented(_ before: ArraySlice<Substring>) -> Bool {
        func isAttribute(_ line: Substring) -> Bool { trimmed(line).hasPrefix("@") }
        return before.last { !isAttribute($0) }.map { trimmed($0).hasPrefix("///") } ?? false
    }

    private static func trimmed(_ line: Substring) -> Substring { line.drop { $0 == " " } }
}
