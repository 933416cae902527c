package import FoundationEssentials
package import Wire

/// The input of an operation of Greengrass: exactly the members of its shape, each one checked.
package struct GreengrassInput: Sendable {
    /// By name on the wire; without those that were left out or null.
    package let members: [String: JSONValue]

    /// Gathers the input from path, query and body, and checks it.
    ///
    /// - Throws: `WireError.serialization` for a body that is not a JSON object; `GreengrassError`
    ///   naming every member that is wrong.
    package init(_ route: GreengrassRoute, of request: WireRequest) throws {
        let shape = route.operation.definition.input
        let table = GreengrassShapes.table
        let gathered = try table.gather(shape, labels: route.labels, from: request)
        let violations = table.violations(of: shape, in: gathered)
        guard violations.isEmpty else {
            throw GreengrassError.validation(Self.fields(violations))
        }
        members = gathered.filter { $0.value != .null }
    }

    /// The text of a member; nil when it was left out.
    package func text(_ name: String) -> String? { members[name]?.string }

    /// The number of a member; nil when it was left out.
    package func integer(_ name: String) -> Int? {
        if case .integer(let number) = members[name] { number } else { nil }
    }

    /// The bytes behind a member's base64; nil when it was left out.
    package func bytes(_ name: String) -> Data? {
        text(name).flatMap { Data(base64Encoded: $0) }
    }

    /// 1 to 200 tags by their keys; nil when the input gives none.
    package var tags: [String: String]? {
        members["tags"]?.object?.mapValues { $0.string ?? "" }
    }

    /// Keys of tags to remove; empty for an operation that removes none.
    package var tagKeys: [String] {
        guard case .array(let keys) = members["tagKeys"] else { return [] }
        return keys.compactMap(\.string)
    }

    /// A text that is too short is named for that only, not for its pattern too.
    private static func fields(_ violations: [Violation]) -> [GreengrassError.Field] {
        var tooShort: [Violation.Step]?
        return violations.compactMap { violation in
            switch violation.rule {
            case .bounds(_, of: .characters, _): tooShort = violation.path
            case .pattern where tooShort == violation.path: return nil
            default: break
            }
            return violation.field
        }
    }
}

extension Violation {
    /// As Greengrass words it: places end at a member or at a tag, and what came is not described.
    fileprivate var field: GreengrassError.Field {
        let place = path.compactMap { step in
            switch step {
            case .member(let name): name
            case .entry(let name): Violation.excerpt(name)
            case .element, .key: nil
            }
        }
        let name = place.joined(separator: ".")
        let (excerpt, demand): (String?, String) =
            switch rule {
            case .type(let shape): (nil, "Member must be \(Self.kind(shape))")
            case .bounds(let range, of: .elements, _):
                (nil, "Member must have \(range.lowerBound) to \(range.upperBound) elements")
            default: (self.excerpt, self.demand)
            }
        return .init(name, Violation.message(at: name, excerpt, demand))
    }

    private static func kind(_ shape: Shape) -> String {
        switch shape {
        case .map: "an object of strings"
        case .list: "a list of strings"
        default: shape.kind
        }
    }
}
