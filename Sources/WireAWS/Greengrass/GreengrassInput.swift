package import FoundationEssentials
package import Wire

/// The input of an operation of Greengrass: exactly the members of its shape, each one checked.
package struct GreengrassInput: Sendable {
    package let members: [String: JSONValue]

    /// Gathers the input from path, query and body, and checks it.
    ///
    /// - Throws: `WireError.serialization` for a body that is no JSON object; `GreengrassError`
    ///   naming every member that is wrong.
    package init(_ route: GreengrassRoute, query: [(name: String, value: String)], body: Data)
        throws
    {
        let shape = route.operation.definition.input
        var gathered: [String: JSONValue] = [:]
        if shape.contains(where: { $0.location == .body }), !body.isEmpty {
            guard let object = (try? JSONValue(parsing: body))?.object else {
                throw WireError(.serialization, "The body must be one JSON object in UTF-8.")
            }
            for member in shape where member.location == .body {
                gathered[member.name] = object[member.name]
            }
        }
        for member in shape {
            switch member.location {
            case .body: break
            case .path: gathered[member.name] = route.labels[member.name].map(JSONValue.string)
            case .query:
                let values = query.filter { $0.name == member.name }.map(\.value)
                gathered[member.name] = Self.value(values, member.type)
            }
        }
        var fields: [GreengrassError.Field] = []
        for member in shape {
            switch gathered[member.name] {
            case nil, .null:
                gathered[member.name] = nil
                if member.isRequired {
                    fields.append(Self.field(member.name, "Member must not be null"))
                }
            case .some(let value):
                fields += Self.violations(of: member.type, value, member.name)
            }
        }
        guard fields.isEmpty else { throw GreengrassError.validation(fields) }
        members = gathered
    }

    package func text(_ name: String) -> String? { members[name]?.string }

    package func integer(_ name: String) -> Int? {
        if case .integer(let number) = members[name] { number } else { nil }
    }

    package func bytes(_ name: String) -> Data? {
        text(name).flatMap { Data(base64Encoded: $0) }
    }

    package var tags: [String: String]? {
        members["tags"]?.object?.mapValues { $0.string ?? "" }
    }

    package var tagKeys: [String] {
        guard case .array(let keys) = members["tagKeys"] else { return [] }
        return keys.compactMap(\.string)
    }

    /// Text of a query as the type that it should have; what does not read as it stays text, and
    /// fails the check.
    private static func value(
        _ values: [String], _ type: GreengrassOperation.MemberType
    ) -> JSONValue? {
        guard let first = values.first else { return nil }
        switch type {
        case .tagKeys: return .array(values.map(JSONValue.string))
        case .integer: return Int(first).map(JSONValue.integer) ?? .string(first)
        case .text, .enumeration, .blob, .tags, .document: return .string(first)
        }
    }

    private static func field(_ name: String, _ rule: String, value: String? = nil)
        -> GreengrassError.Field
    {
        let what = value.map { "Value '\(Validation.excerpt($0))'" } ?? "Value"
        return .init(name, "\(what) at '\(name)' failed to satisfy constraint: \(rule)")
    }

    private static func violations(
        of type: GreengrassOperation.MemberType, _ value: JSONValue, _ name: String
    ) -> [GreengrassError.Field] {
        switch (type, value) {
        case (.document, _): return []
        case (.text(let length, let pattern), .string(let text)):
            return violations(of: text, length, pattern, name)
        case (.enumeration(let values), .string(let text)):
            if values.contains(text) { return [] }
            return [
                field(
                    name,
                    "Member must satisfy enum value set: [\(values.joined(separator: ", "))]",
                    value: text)
            ]
        case (.integer(let range), .integer(let number)):
            if range.contains(number) { return [] }
            let rule =
                number < range.lowerBound
                ? "greater than or equal to \(range.lowerBound)"
                : "less than or equal to \(range.upperBound)"
            return [field(name, "Member must have value \(rule)", value: String(number))]
        case (.blob, .string(let text)):
            return Data(base64Encoded: text) == nil
                ? [field(name, "Member must be base64")] : []
        case (.tags, .object(let tags)): return violations(ofTags: tags, name)
        case (.tagKeys, .array(let keys)):
            guard (1...200).contains(keys.count) else {
                return [field(name, "Member must have 1 to 200 elements")]
            }
            return keys.flatMap { violations(of: $0.string ?? "", 1...128, tagPattern, name) }
        case (.text, _), (.enumeration, _): return [field(name, "Member must be a string")]
        case (.integer, _): return [field(name, "Member must be an integer")]
        case (.blob, _): return [field(name, "Member must be base64 in a string")]
        case (.tags, _): return [field(name, "Member must be an object of strings")]
        case (.tagKeys, _): return [field(name, "Member must be a list of strings")]
        }
    }

    private static let tagPattern = #"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"#

    private static func violations(ofTags tags: [String: JSONValue], _ name: String)
        -> [GreengrassError.Field]
    {
        guard (1...200).contains(tags.count) else {
            return [field(name, "Member must have 1 to 200 elements")]
        }
        return tags.sorted { $0.key < $1.key }.flatMap { key, value -> [GreengrassError.Field] in
            guard let text = value.string else {
                return [field("\(name).\(Validation.excerpt(key))", "Member must be a string")]
            }
            var found = violations(of: key, 1...128, tagPattern, name)
            if key.lowercased().hasPrefix("aws:") {
                found.append(field(name, "Keys must not begin with 'aws:'", value: key))
            }
            return found + violations(of: text, 0...256, tagPattern, "\(name).\(key.prefix(128))")
        }
    }

    private static func violations(
        of text: String, _ length: ClosedRange<Int>, _ pattern: String?, _ name: String
    ) -> [GreengrassError.Field] {
        let count = text.unicodeScalars.count
        guard count >= length.lowerBound else {
            return [
                field(
                    name,
                    "Member must have length greater than or equal to \(length.lowerBound)",
                    value: text)
            ]
        }
        // A pattern over an unbounded text could take for ever, so length comes first.
        guard count <= length.upperBound else {
            return [
                field(
                    name, "Member must have length less than or equal to \(length.upperBound)",
                    value: text)
            ]
        }
        guard let pattern, !Pattern.matches(text, pattern) else { return [] }
        return [
            field(
                name, "Member must satisfy regular expression pattern: \(pattern)", value: text)
        ]
    }
}
