/// Sentences of the API in another language. Programs match on the API's own, so those stay; what
/// people read is looked up here by its pattern, in which `{1}` stands for whatever is said there.
/// Names of people's things stay as they are: `{1:word}` in the answer is a word of the program's,
/// like `test` or `TRAINED`, that the console has in its language.
struct Phrases: Sendable {
    /// One sentence, or several that always stand together.
    private struct Phrase: Sendable {
        let pattern: Parts
        let answer: Parts
        /// Whether it stands within sentences, or alone, like `is neither PNG nor JPEG`.
        let isPart: Bool

        var weight: Int { pattern.literals.reduce(0) { $0 + $1.utf8.count } }
    }

    /// A text with places.
    private struct Parts: Sendable {
        /// What stands around the places: one more than there are places.
        var literals = [""]
        /// The number of each place, in their order.
        var places: [Int] = []
        /// Those of words.
        var words: Set<Int> = []

        init(_ text: String) {
            var rest = text[...]
            while let character = rest.popFirst() {
                if character == "{", let end = rest.firstIndex(of: "}"),
                    let place = Int(rest[..<end].split(separator: ":").first ?? "")
                {
                    places.append(place)
                    if rest[..<end].hasSuffix(":word") { words.insert(place) }
                    literals.append("")
                    rest = rest[rest.index(after: end)...]
                } else {
                    literals[literals.count - 1].append(character)
                }
            }
        }
    }

    private static let imageFrame = "The image {1} {2}."
    /// How deep sentences may be said within sentences.
    private static let depthMax = 3
    /// Bytes of a message, and of one of its lines, above which it stays as it is: messages quote
    /// what somebody sent, and each sentence is compared with a part of its line.
    private static let bytesMax = 32_000
    private static let lineBytesMax = 2_000

    /// Those that say most come first: the others may be parts of them.
    private let phrases: [Phrase]
    /// The console's other texts: those of statuses and of single words stand within sentences.
    private let words: [String: String]

    /// - Parameters:
    ///   - sentences: by the pattern of the English one.
    ///   - words: the console's other texts.
    init(_ sentences: [String: String], words: [String: String]) {
        phrases = sentences.merging(Self.ofImages(sentences)) { $1 }.map { pattern, answer in
            let isOpen = pattern.hasPrefix("{") && !pattern.contains(":")
            return Phrase(
                pattern: Parts(pattern), answer: Parts(answer),
                isPart: pattern.first?.isLowercase == true || isOpen && !pattern.hasSuffix("."))
        }.sorted {
            ($0.weight, $1.pattern.literals.joined()) > ($1.weight, $0.pattern.literals.joined())
        }
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
        let parts = Parts(pattern)
        return zip(parts.places, parts.literals.dropFirst()).reduce(parts.literals[0]) {
            "\($0){\($1.0 + 1)\(parts.words.contains($1.0) ? ":word" : "")}\($1.1)"
        }
    }

    /// What a message says, sentence by sentence; what is not known stays as it is.
    func said(_ message: String) -> String {
        guard !phrases.isEmpty, message.utf8.count <= Self.bytesMax else { return message }
        return message.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.utf8.count > Self.lineBytesMax ? String($0) : said($0, depth: 0)
        }.joined(separator: "\n")
    }

    private func said(_ line: Substring, depth: Int) -> String {
        var (rest, said) = (line, "")
        while !rest.isEmpty {
            while let first = rest.first, first.isWhitespace {
                said.append(first)
                rest.removeFirst()
            }
            let end = Self.endOfSentence(rest)
            if let (text, after) = next(rest, sentenceEnd: end, depth) {
                said += text
                rest = after
            } else {
                said += rest[..<end]
                rest = rest[end...]
            }
        }
        return said
    }

    private func next(_ text: Substring, sentenceEnd: Substring.Index, _ depth: Int)
        -> (said: String, rest: Substring)?
    {
        for phrase in phrases
        where depth > 0 || !phrase.isPart || !phrase.pattern.literals[0].isEmpty {
            guard let (found, end) = Self.match(phrase.pattern, text, sentenceEnd: sentenceEnd),
                !phrase.isPart || end == text.endIndex
            else { continue }
            let places = Dictionary(zip(phrase.pattern.places, found), uniquingKeysWith: { $1 })
            let answer = phrase.answer
            var said = answer.literals[0]
            for (place, literal) in zip(answer.places, answer.literals.dropFirst()) {
                let text = places[place] ?? ""
                said += answer.words.contains(place) ? word(text, depth) : within(text, depth)
                said += literal
            }
            return (said, text[end...])
        }
        return nil
    }

    /// A word of the program's, which may have become a sentence: `Value 'x y'`.
    private func word(_ text: Substring, _ depth: Int) -> String {
        words["status_\(text)"] ?? words["word_\(text)"] ?? within(text, depth)
    }

    /// What stands in a place: another sentence, or anything else.
    private func within(_ text: Substring, _ depth: Int) -> String {
        guard depth < Self.depthMax, text.contains(" ") else { return String(text) }
        return said(text, depth: depth + 1)
    }

    /// What stands in the places of a pattern that `text` begins with, and where it ends there.
    private static func match(
        _ pattern: Parts, _ text: Substring, sentenceEnd: Substring.Index
    ) -> (found: [Substring], end: Substring.Index)? {
        guard text.hasPrefix(pattern.literals[0]) else { return nil }
        var (rest, found) = (text.dropFirst(pattern.literals[0].count), [Substring]())
        for (index, literal) in pattern.literals.enumerated().dropFirst() {
            let isLast = index == pattern.literals.count - 1
            if literal.isEmpty, isLast { return (found + [rest], rest.endIndex) }
            // A sentence that begins with anything must not begin with the ones before it.
            let isOpen = index == 1 && pattern.literals[0].isEmpty
            let limit =
                isOpen
                ? rest.index(sentenceEnd, offsetBy: literal.count, limitedBy: rest.endIndex) : nil
            guard let range = range(of: literal, in: rest, before: limit, isLast: isLast) else {
                return nil
            }
            found.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        let isEnd = rest.isEmpty || rest.first?.isWhitespace == true
        return isEnd ? (found, rest.startIndex) : nil
    }

    /// Where a literal stands next; of the last one of a phrase, where a sentence can end.
    private static func range(
        of literal: String, in text: Substring, before limit: Substring.Index?, isLast: Bool
    ) -> Range<Substring.Index>? {
        var rest = text[..<(limit ?? text.endIndex)]
        while let range = rest.firstRange(of: literal) {
            let after = text[range.upperBound...].first
            if !isLast || after == nil || after?.isWhitespace == true { return range }
            rest = rest[rest.index(after: range.lowerBound)...]
        }
        return nil
    }

    /// Behind the full stop that a space follows.
    private static func endOfSentence(_ line: Substring) -> Substring.Index {
        var isStop = false
        for index in line.indices {
            if isStop && line[index] == " " { return index }
            isStop = line[index] == "."
        }
        return line.endIndex
    }
}
