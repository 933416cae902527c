/// One shape of a service: a type with its constraints, as data.
///
/// Lengths count Unicode scalars of strings, bytes of blobs, elements of lists. Patterns must match
/// the whole string, which is how Lookout for Vision reads them.
package enum Shape: Sendable {
    case structure([Member])
    /// `of` is a name in the same table.
    case list(of: String, count: ClosedRange<Int> = 0...Int.max)
    /// An object whose keys are data. `key` and `value` are names in the same table; keys that
    /// begin with `reserved`, in any case, are refused.
    case map(
        key: String, value: String, count: ClosedRange<Int> = 0...Int.max, reserved: String? = nil)
    case string(
        length: ClosedRange<Int> = 0...Int.max, pattern: String? = nil, enumeration: [String] = [])
    case integer(ClosedRange<Int> = Int.min...Int.max)
    case float
    case boolean
    /// Seconds since 1970 in JSON; in a query also ISO 8601.
    case timestamp
    /// Base64 in JSON; the range counts the bytes behind it.
    case blob(ClosedRange<Int> = 0...Int.max)
    /// The raw body of a request or response.
    case stream
    /// Any JSON.
    case document

    /// One member of a structure.
    package struct Member: Sendable {
        /// As on the wire, with the case that it has there.
        package let name: String
        /// Name of the member's shape in the same table.
        package let shape: String
        /// Whether an input without it is refused; null counts as missing.
        package let isRequired: Bool
        /// Only of an operation's input or an error it is not the body.
        package let location: Location

        /// - Parameter location: only members of an operation's input or of an error travel outside
        ///   the body.
        package init(
            _ name: String, _ shape: String, required: Bool = false, in location: Location = .body
        ) {
            self.name = name
            self.shape = shape
            isRequired = required
            self.location = location
        }
    }

    /// Where a member travels in the HTTP message.
    package enum Location: Sendable, Equatable {
        case body
        /// The body is the member.
        case payload
        /// Label of the path's template.
        case path(String)
        /// Name in the query; of a list, once for each element.
        case query(String)
        /// Name of a header, in any case.
        case header(String)
    }

    /// What a value of the shape is, for messages.
    package var kind: String {
        switch self {
        case .structure, .map: "an object"
        case .list: "a list"
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a number"
        case .timestamp: "a time in ISO 8601"
        case .boolean: "a boolean"
        case .blob: "base64 in a string"
        case .stream: "bytes"
        case .document: "JSON"
        }
    }
}
