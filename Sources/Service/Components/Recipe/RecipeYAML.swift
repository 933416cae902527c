import FoundationEssentials
import Wire
import Yams

/// Recipes in YAML.
enum RecipeYAML {
    private static let depthMax = 64
    private static let reservedWords: Set<String> = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "null",
    ]

    /// - Parameter text: bounded by the caller.
    /// - Throws: `invalidRecipe` with the parser's words.
    static func parse(_ text: String) throws(ComponentError) -> JSONValue {
        // An anchor that is named many times makes a small text a huge document.
        guard !mayHaveAliases(text) else {
            throw invalid("anchors and aliases are not supported; write each value out.")
        }
        do {
            guard let root = try Yams.compose(yaml: text) else { throw invalid("it is empty.") }
            return try value(root, depth: 0)
        } catch let error as ComponentError {
            throw error
        } catch {
            throw invalid("\(error)")
        }
    }

    /// Whether some text could be an anchor and another one an alias of it. Both may be something
    /// else that only looks like it: rare, and harmless to refuse.
    private static func mayHaveAliases(_ text: String) -> Bool {
        let signs = [UInt8(ascii: "&"), UInt8(ascii: "*")]
        var names: [UInt8: Set<[UInt8]>] = [:]
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated()
        where signs.contains(byte) && (index == 0 || isBreak(bytes[index - 1])) {
            let name = bytes[(index + 1)...].prefix(while: isNameByte)
            names[byte, default: []].insert(Array(name))
        }
        let anchors = names[signs[0]] ?? []
        return !anchors.subtracting([[]]).isDisjoint(with: names[signs[1]] ?? [])
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let character = Character(UnicodeScalar(byte))
        return byte < 128
            && (character.isLetter || character.isNumber || "_-".contains(character))
    }

    private static func isBreak(_ byte: UInt8) -> Bool {
        // Beyond ASCII there are a byte order mark and further line breaks.
        byte <= 32 || byte >= 128 || "[]{},:".utf8.contains(byte)
    }

    private static func invalid(_ problem: String) -> ComponentError {
        ComponentError(.invalidRecipe, "The recipe is neither JSON nor YAML: \(problem)")
    }

    private static func value(_ node: Node, depth: Int) throws(ComponentError) -> JSONValue {
        guard depth < depthMax else { throw invalid("it is nested too deeply.") }
        switch node {
        case .scalar(let scalar): return try value(scalar)
        case .sequence(let items):
            var values: [JSONValue] = []
            for item in items { values.append(try value(item, depth: depth + 1)) }
            return .array(values)
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, item) in mapping {
                guard case .scalar(let name) = key else {
                    throw invalid("the key of a mapping must be a text.")
                }
                members[name.string] = try value(item, depth: depth + 1)
            }
            return .object(members)
        case .alias: throw invalid("aliases are not supported.")
        }
    }

    /// Plain scalars become what JSON has, without YAML's further types: `2020-01-25` and `yes`
    /// are texts, as Greengrass reads them.
    private static func value(_ scalar: Node.Scalar) throws(ComponentError) -> JSONValue {
        let (text, tag) = (scalar.string, scalar.tag.rawValue)
        if tag == "tag:yaml.org,2002:str" || tag == "!" { return .string(text) }
        guard tag.isEmpty else { throw invalid("the tag \(tag.prefix(80)) is not supported.") }
        guard scalar.style == .plain else { return .string(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        default: break
        }
        let digits = text.drop { $0 == "-" || $0 == "+" }
        guard let first = digits.utf8.first, (48...57).contains(first),
            digits.utf8.allSatisfy({ (48...57).contains($0) || "eE.+-".utf8.contains($0) })
        else { return .string(text) }
        if let number = Int(text) { return .integer(number) }
        guard let number = Double(text), number.isFinite else { return .string(text) }
        return .number(number)
    }

    /// The document as YAML, members in order of their names.
    static func text(_ value: JSONValue) throws -> String {
        try Yams.serialize(node: node(value), width: -1, allowUnicode: true)
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .null: Node("null", Tag(.null), .plain)
        case .boolean(let flag): Node(String(flag), Tag(.bool), .plain)
        case .integer(let number): Node(String(number), Tag(.int), .plain)
        case .number(let number): Node("\(number)", Tag(.float), .plain)
        case .string(let text): Node(text, Tag(.str), style(text))
        case .array(let items): Node(items.map(node), Tag(.seq), .block)
        case .object(let members):
            Node(
                members.sorted { $0.key < $1.key }.map {
                    (Node($0.key, Tag(.str), style($0.key)), node($0.value))
                }, Tag(.map), .block)
        }
    }

    /// Quotes wherever a reader could take a text for something else.
    private static func style(_ text: String) -> Node.Scalar.Style {
        // Other line breaks than this one would not come back as they were.
        let isPrintable = text.unicodeScalars.allSatisfy {
            $0 == "\n" || (32..<127).contains($0.value)
                || (0xA0..<0x2028).contains($0.value)
        }
        if isPrintable, text.unicodeScalars.contains("\n") { return .literal }
        let isPlain =
            text.utf8.first.map { Character(UnicodeScalar($0)).isLetter } == true
            && text.utf8.allSatisfy { byte in
                byte < 128
                    && (isNameByte(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/"))
            }
        return isPlain && !reservedWords.contains(text.lowercased()) ? .plain : .doubleQuoted
    }
}
