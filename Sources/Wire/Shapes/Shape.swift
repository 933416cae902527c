/// One shape of the API: a type with its constraints, as data.
///
/// Lengths count Unicode scalars of strings, bytes of blobs, elements of lists. Patterns must match
/// the whole string, which is how the original reads them.
package enum Shape: Sendable {
    case structure([Member])
    case list(of: String, count: ClosedRange<Int> = 0...Int.max)
    case string(
        length: ClosedRange<Int> = 0...Int.max, pattern: String? = nil, enumeration: [String] = [])
    case integer(ClosedRange<Int> = Int.min...Int.max)
    case float
    case boolean
    case timestamp
    case blob(ClosedRange<Int> = 0...Int.max)
    /// The raw body of a request or response.
    case stream

    package struct Member: Sendable {
        package let name: String
        /// Name of the member's shape in `Shapes`.
        package let shape: String
        package let isRequired: Bool
        package let location: Location

        init(_ name: String, _ shape: String, required: Bool = false, in location: Location = .body)
        {
            self.name = name
            self.shape = shape
            isRequired = required
            self.location = location
        }
    }

    /// Where a member travels in the HTTP message.
    package enum Location: Sendable, Equatable {
        case body
        case payload
        case path(String)
        case query(String)
        case header(String)
    }
}

/// The shapes of the API by name.
package enum Shapes {
    package static let all: [String: Shape] = Dictionary(
        uniqueKeysWithValues: (requests + responses + structures + scalars + errors)
            .map { ($0.name, $0.shape) })

    /// `value` with the members of the shape only, at every depth. What is validated, authorised,
    /// recorded and done must be the same: a member that differs by the case of a letter would be
    /// read by one of them and not by another.
    package static func pruned(_ value: JSONValue, to shapeName: String) -> JSONValue {
        switch (all[shapeName], value) {
        case (.structure(let members), .object(let object)):
            let shapes = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.shape) })
            return .object(
                object.reduce(into: [:]) { result, member in
                    guard let shape = shapes[member.key] else { return }
                    result[member.key] = pruned(member.value, to: shape)
                })
        case (.list(let element, _), .array(let items)):
            return .array(items.map { pruned($0, to: element) })
        default: return value
        }
    }

    /// Members of the structure `name`; empty for a name that is no structure.
    package static func members(of name: String) -> [Shape.Member] {
        if case .structure(let members) = all[name] { members } else { [] }
    }
}
