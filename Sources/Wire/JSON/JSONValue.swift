package import FoundationEssentials

/// A JSON document of unknown shape.
package enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    /// A number that `Int` holds exactly, also one that is written as `2.0`.
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Parses `bytes`, in a time that grows with their number alone.
    ///
    /// - Parameter refusesDoubledMembers: for documents in which the two readings would give
    ///   different rights; elsewhere the first of two members with one name counts.
    /// - Throws: `JSONError` for anything that is not one JSON document in UTF-8, and for lists and
    ///   objects nested deeper than 32.
    package init(parsing bytes: Data, refusesDoubledMembers: Bool = false) throws(JSONError) {
        self = try JSONParser.parse(bytes, refusesDoubledMembers: refusesDoubledMembers)
    }

    /// The word for messages: "a string", "a number" …
    package var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// The members of an object; nil for any other value.
    package var object: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The value of a number, whole or not; nil for any other value.
    package var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        case .null, .boolean, .string, .array, .object: nil
        }
    }

    /// The text of a string; nil for any other value.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
}

extension JSONValue: Codable {
    /// Works with any decoder of JSON.
    ///
    /// - Throws: `DecodingError` for a number that `Double` does not hold.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([String: JSONValue].self) {
            self = .object(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
