/// A constraint that a document breaks: where, which, and the value that breaks it.
package struct Violation: Sendable {
    /// One step from a document to a part of it.
    package enum Step: Sendable, Equatable {
        /// To a member of a structure.
        case member(String)
        /// To an element of a list, from 0.
        case element(Int)
        /// To a key of a map, as a value of its own.
        case key(String)
        /// To the value of a map's key.
        case entry(String)
    }

    /// What bounds are about.
    package enum Measure: Sendable {
        /// The number itself.
        case value
        /// Unicode scalars of a string.
        case characters
        /// Bytes of a blob.
        case bytes
        /// Elements of a list, or entries of a map.
        case elements
    }

    /// The constraint that is broken.
    package enum Rule: Sendable {
        /// The member is missing, or null.
        case required
        /// The value has another type than the shape.
        case type(Shape)
        /// The table has the shape; a mistake in the table if not.
        case known(String)
        /// The blob's string is base64.
        case base64
        /// A number is within a range.
        case bounds(ClosedRange<Int>, of: Measure, found: Int)
        /// All of the text matches a regular expression.
        case pattern(String)
        /// The text is one of these.
        case enumeration([String])
        /// A key of a map does not begin with what is reserved, in lower case.
        case reserved(prefix: String)
    }

    /// The longest piece of a caller's value that a message repeats.
    private static let excerptCharactersMax = 80

    /// From the document to the value.
    package let path: [Step]
    /// The one that `value` breaks; a value may break several, each a violation.
    package let rule: Rule
    /// What was found; null for a member that is missing.
    package let value: JSONValue

    init(_ path: [Step], _ rule: Rule, _ value: JSONValue) {
        self.path = path
        self.rule = rule
        self.value = value
    }

    /// A sentence for the caller that names the place, as in `Tags.2.Key`, and the rule.
    package var message: String {
        let place = path.map { step in
            switch step {
            case .member(let name): name
            case .element(let index): String(index + 1)
            case .key(let name), .entry(let name): Self.excerpt(name)
            }
        }
        return Self.message(at: place.joined(separator: "."), excerpt, demand)
    }

    /// The form that all services of AWS give such sentences.
    ///
    /// - Parameter excerpt: the piece of the value that is shown; nil shows none.
    package static func message(at place: String, _ excerpt: String?, _ demand: String) -> String {
        let what = excerpt.map { "Value '\($0)'" } ?? "Value"
        return "\(what) at '\(place)' failed to satisfy constraint: \(demand)"
    }

    /// The message of an error for several violations, like `2 validation errors detected: …`.
    package static func summary(_ messages: [String]) -> String {
        let noun = messages.count == 1 ? "error" : "errors"
        return "\(messages.count) validation \(noun) detected: "
            + messages.joined(separator: "; ")
    }

    /// What of the value a message shows; nil where that would say nothing.
    package var excerpt: String? {
        switch rule {
        case .required, .type, .known, .base64: nil
        case .bounds(_, .value, let number): String(number)
        case .bounds(_, .bytes, let count): "a blob of \(count) bytes"
        case .bounds(_, .elements, let count): "a list of \(count) elements"
        case .bounds(_, .characters, _), .pattern, .enumeration, .reserved:
            value.string.map(Self.excerpt)
        }
    }

    /// What the value must be, as in `Member must have length less than or equal to 64`.
    package var demand: String {
        switch rule {
        case .required: "Member must not be null"
        case .type(let shape): "Member must be \(shape.kind), not \(described)"
        case .known(let name): "shape \(name) is unknown"
        case .base64: "Member must be base64"
        case .bounds(let range, let measure, let number):
            "Member must have \(measure == .value ? "value" : "length") "
                + (number < range.lowerBound
                    ? "greater than or equal to \(range.lowerBound)"
                    : "less than or equal to \(range.upperBound)")
        case .pattern(let pattern): "Member must satisfy regular expression pattern: \(pattern)"
        case .enumeration(let values):
            "Member must satisfy enum value set: [\(values.joined(separator: ", "))]"
        case .reserved(let prefix): "Keys must not begin with '\(prefix)'"
        }
    }

    private var described: String {
        value.string.map { "'\(Self.excerpt($0))'" } ?? value.kind
    }

    /// `text` without control characters and no longer than a message should be.
    package static func excerpt(_ text: String) -> String {
        let clean = text.unicodeScalars.prefix(excerptCharactersMax + 1)
            .map { $0.value < 32 || $0.value == 127 ? "\u{FFFD}" : Character($0) }
        return clean.count > excerptCharactersMax
            ? String(clean.prefix(excerptCharactersMax)) + "…" : String(clean)
    }
}
