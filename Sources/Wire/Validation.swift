import FoundationEssentials
import Synchronization

/// Checks a JSON document against a shape.
package enum Validation {
    /// The longest piece of a caller's value that a message repeats.
    static let excerptCharactersMax = 80

    /// - Returns: one sentence for each constraint that `value` breaks, in the order of the shape;
    ///   members are named by their path from `path`, as in `Tags.2.Key`.
    package static func violations(
        of shapeName: String, in value: JSONValue, at path: String = ""
    ) -> [String] {
        guard let shape = Shapes.all[shapeName] else { return ["shape \(shapeName) is unknown"] }
        switch (shape, value) {
        case (.structure(let members), .object(let object)):
            return members.flatMap { member in
                check(member, of: object, at: path.isEmpty ? member.name : "\(path).\(member.name)")
            }
        case (.list(let element, let count), .array(let items)):
            let wrongCount = range(count, has: items.count, at: path, "a list of", "elements")
            return wrongCount
                + items.enumerated().flatMap { index, item in
                    violations(of: element, in: item, at: "\(path).\(index + 1)")
                }
        case (.string(let length, let pattern, let enumeration), .string(let text)):
            return string(text, length, pattern, enumeration, at: path)
        case (.integer(let bounds), .integer(let number)):
            return range(bounds, has: number, at: path, "", "")
        case (.blob(let bounds), .string(let text)):
            guard let bytes = Data(base64Encoded: text) else {
                return ["Value at '\(path)' failed to satisfy constraint: Member must be base64"]
            }
            return range(bounds, has: bytes.count, at: path, "a blob of", "bytes")
        case (.float, .integer), (.float, .number), (.boolean, .boolean), (.stream, _),
            (.timestamp, .integer), (.timestamp, .number):
            return []
        default:
            return [
                "Value at '\(path)' failed to satisfy constraint: Member must be "
                    + "\(expectation(of: shape)), not \(described(value))"
            ]
        }
    }

    private static func check(
        _ member: Shape.Member, of object: [String: JSONValue], at path: String
    ) -> [String] {
        switch object[member.name] {
        case nil, .null:
            member.isRequired
                ? ["Value at '\(path)' failed to satisfy constraint: Member must not be null"] : []
        case .some(let value):
            violations(of: member.shape, in: value, at: path)
        }
    }

    private static func string(
        _ text: String, _ length: ClosedRange<Int>, _ pattern: String?, _ enumeration: [String],
        at path: String
    ) -> [String] {
        let prefix =
            "Value '\(excerpt(text))' at '\(path)' failed to satisfy constraint: Member must "
        var found: [String] = []
        let count = text.unicodeScalars.count
        if count < length.lowerBound {
            found.append(
                prefix + "have length greater than or equal to \(length.lowerBound)")
        }
        if count > length.upperBound {
            // A pattern over an unbounded text could take for ever, so length comes first.
            return [prefix + "have length less than or equal to \(length.upperBound)"]
        }
        if let pattern, !Pattern.matches(text, pattern) {
            found.append(prefix + "satisfy regular expression pattern: \(pattern)")
        }
        if !enumeration.isEmpty, !enumeration.contains(text) {
            found.append(
                prefix + "satisfy enum value set: [\(enumeration.joined(separator: ", "))]")
        }
        return found
    }

    private static func range(
        _ range: ClosedRange<Int>, has number: Int, at path: String, _ noun: String, _ unit: String
    ) -> [String] {
        if range.contains(number) { return [] }
        let what = [noun, String(number), unit].filter { !$0.isEmpty }.joined(separator: " ")
        let rule =
            number < range.lowerBound
            ? "greater than or equal to \(range.lowerBound)"
            : "less than or equal to \(range.upperBound)"
        return [
            "Value '\(what)' at '\(path)' failed to satisfy constraint: "
                + "Member must have \(unit.isEmpty ? "value" : "length") \(rule)"
        ]
    }

    private static func expectation(of shape: Shape) -> String {
        switch shape {
        case .structure: "an object"
        case .list: "a list"
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a number"
        case .timestamp: "a time in ISO 8601"
        case .boolean: "a boolean"
        case .blob: "base64 in a string"
        case .stream: "bytes"
        }
    }

    private static func described(_ value: JSONValue) -> String {
        value.string.map { "'\(excerpt($0))'" } ?? value.kind
    }

    /// `text` without control characters and no longer than a message should be.
    package static func excerpt(_ text: String) -> String {
        let clean = text.unicodeScalars.prefix(excerptCharactersMax + 1)
            .map { $0.value < 32 || $0.value == 127 ? "\u{FFFD}" : Character($0) }
        return clean.count > excerptCharactersMax
            ? String(clean.prefix(excerptCharactersMax)) + "…" : String(clean)
    }
}

/// The patterns of the shapes, compiled once.
package enum Pattern {
    /// `Regex` is immutable after it is compiled but not marked Sendable.
    private struct Compiled: @unchecked Sendable {  // only ever read
        let regex: Regex<AnyRegexOutput>
    }

    private static let compiled = Mutex<[String: Compiled]>([:])

    /// Whether all of `text` matches. A pattern that does not compile matches nothing; a test
    /// compiles every pattern of the table.
    package static func matches(_ text: String, _ pattern: String) -> Bool {
        guard let compiled = compiled(for: pattern) else { return false }
        return (try? compiled.regex.wholeMatch(in: text)) != nil
    }

    private static func compiled(for pattern: String) -> Compiled? {
        compiled.withLock { cache in
            if let known = cache[pattern] { return known }
            // The published patterns write a literal hyphen after a range ("0-9-_"), which
            // Swift's regular expressions want escaped.
            let portable = pattern.replacing("9-_", with: #"9\-_"#)
            guard let regex = try? Regex(portable) else { return nil }
            let value = Compiled(regex: regex.matchingSemantics(.unicodeScalar))
            cache[pattern] = value
            return value
        }
    }
}
