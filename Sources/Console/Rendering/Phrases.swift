/// Sentences of the API in another language. Programs match on the API's own, so those stay; what
/// people read is looked up here by its pattern, in which `{1}` stands for whatever is said there.
struct Phrases: Sendable {
    /// One sentence, or several that always stand together.
    private struct Phrase: Sendable {
        /// What stands around the places: one more than there are places.
        let literals: [String]
        /// The number of each place, in their order.
        let places: [Int]
        let answer: String
        /// Whether it stands within sentences, or alone, like `is neither PNG nor JPEG`.
        let isPart: Bool

        var weight: Int { literals.reduce(0) { $0 + $1.utf8.count } }
    }

    private static let imageFrame = "The image {1} {2}."
    /// How deep sentences may be said within sentences.
    private static let depthMax = 3

    /// Those that say most come first: the others may be parts of them.
    private let phrases: [Phrase]
    /// The console's other texts: those of statuses and of single words stand within sentences.
    private let words: [String: String]

    /// - Parameters:
    ///   - sentences: by the pattern of the English one.
    ///   - words: the console's other texts.
    init(_ sentences: [String: String], words: [String: String]) {
        phrases = sentences.merging(Self.ofImages(sentences)) { $1 }.map { pattern, answer in
            let (literals, places) = Self.parts(pattern)
            let isOpen = pattern.hasPrefix("{") && !pattern.contains(":")
            return Phrase(
                literals: literals, places: places, answer: answer,
                isPart: pattern.first?.isLowercase == true || isOpen && !pattern.hasSuffix("."))
        }.sorted { ($0.weight, $1.literals.joined()) > ($1.weight, $0.literals.joined()) }
        self.words = words
    }

    /// What can be wrong with an image as whole sentences, since its name may have spaces.
    private static func ofImages(_ sentences: [String: String]) -> [String: String] {
        guard let frame = sentences[imageFrame] else { return [:] }
        let faults = sentences.filter { $0.key.hasPrefix("is ") || $0.key.hasPrefix("has ") }
        return faults.reduce(into: [:]) { made, fault in
            let (pattern, answer) = (moved(fault.key), moved(fault.value))
            made[imageFrame.replacing("{2}", with: pattern)] =
                frame.replacing("{2}", with: answer)
        }
    }

    /// A pattern whose places have the next numbers.
    private static func moved(_ pattern: String) -> String {
        let (literals, places) = parts(pattern)
        return zip(places, literals.dropFirst()).reduce(literals[0]) {
            "\($0){\($1.0 + 1)}\($1.1)"
        }
    }

    /// What a message says, sentence by sentence; what is not known stays as it is.
    func said(_ message: String) -> String { said(message[...], depth: 0) }

    private func said(_ message: Substring, depth: Int) -> String {
        var (rest, said) = (message, "")
        while !rest.isEmpty {
            // What parts sentences: a space, or the end of a line.
            while let first = rest.first, first.isWhitespace {
                said.append(first)
                rest.removeFirst()
            }
            if let (text, after) = next(rest, depth) {
                said += text
                rest = after
            } else {
                let end = Self.endOfSentence(rest)
                said += rest[..<end]
                rest = rest[end...]
            }
        }
        return said
    }

    private func next(_ text: Substring, _ depth: Int) -> (said: String, rest: Substring)? {
        let line = text.prefix { !$0.isNewline }
        for phrase in phrases where depth > 0 || !phrase.isPart || !phrase.literals[0].isEmpty {
            guard let (found, end) = Self.match(phrase, line),
                !phrase.isPart || end == text.endIndex
            else { continue }
            let rest = text[end...]
            let places = Dictionary(
                zip(phrase.places, found.map { within($0, depth) }), uniquingKeysWith: { $1 })
            let (literals, numbers) = Self.parts(phrase.answer)
            var said = literals[0]
            for (number, literal) in zip(numbers, literals.dropFirst()) {
                said += (places[number] ?? "") + literal
            }
            return (said, rest)
        }
        return nil
    }

    /// What stands in a place: a word that the console has, another sentence, or anything else.
    private func within(_ text: Substring, _ depth: Int) -> String {
        if let word = words["status_\(text)"] ?? words["word_\(text)"] { return word }
        guard depth < Self.depthMax, text.contains(" ") else { return String(text) }
        return said(text, depth: depth + 1)
    }

    /// What stands in the places of a phrase that `text` begins with, and where it ends there.
    private static func match(_ phrase: Phrase, _ text: Substring)
        -> (found: [Substring], end: Substring.Index)?
    {
        guard text.hasPrefix(phrase.literals[0]) else { return nil }
        var (rest, found) = (text.dropFirst(phrase.literals[0].count), [Substring]())
        for (index, literal) in phrase.literals.enumerated().dropFirst() {
            let isLast = index == phrase.literals.count - 1
            if literal.isEmpty, isLast { return (found + [rest], rest.endIndex) }
            guard let range = Self.range(of: literal, in: rest, isLast: isLast) else { return nil }
            // A sentence that begins with anything must not begin with the ones before it.
            if index == 1, phrase.literals[0].isEmpty,
                Self.endOfSentence(rest[..<range.lowerBound]) < range.lowerBound
            {
                return nil
            }
            found.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        let isEnd = rest.isEmpty || rest.first?.isWhitespace == true
        return isEnd ? (found, rest.startIndex) : nil
    }

    /// Where a literal stands next; of the last one of a phrase, where a sentence can end.
    private static func range(of literal: String, in text: Substring, isLast: Bool)
        -> Range<Substring.Index>?
    {
        var rest = text
        while let range = rest.firstRange(of: literal) {
            let after = text[range.upperBound...].first
            if !isLast || after == nil || after?.isWhitespace == true { return range }
            rest = text[text.index(after: range.lowerBound)...]
        }
        return nil
    }

    /// Behind the full stop that a space or the end of a line follows.
    private static func endOfSentence(_ text: Substring) -> Substring.Index {
        var isStop = false
        for index in text.indices {
            if text[index].isNewline || isStop && text[index] == " " { return index }
            isStop = text[index] == "."
        }
        return text.endIndex
    }

    /// A pattern in parts.
    private static func parts(_ pattern: String) -> (literals: [String], places: [Int]) {
        var (literals, places) = ([""], [Int]())
        var rest = pattern[...]
        while let character = rest.popFirst() {
            if character == "{", let end = rest.firstIndex(of: "}"), let place = Int(rest[..<end]) {
                places.append(place)
                literals.append("")
                rest = rest[rest.index(after: end)...]
            } else {
                literals[literals.count - 1].append(character)
            }
        }
        return (literals, places)
    }
}
