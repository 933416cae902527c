import FoundationEssentials

// The one engine that checks documents against shapes, for every service.

extension ShapeTable {
    /// - Parameter input: by names of members; one that is absent or null is missing.
    /// - Returns: every constraint that the input breaks, in the order of the members.
    package func violations(of members: [Shape.Member], in input: [String: JSONValue])
        -> [Violation]
    {
        violations(of: members, in: input, at: [])
    }

    /// - Parameters:
    ///   - name: of a shape of this table.
    ///   - path: of `value` in the document.
    /// - Returns: every constraint that `value` breaks, in the order of the shape.
    package func violations(
        of name: String, in value: JSONValue, at path: [Violation.Step] = []
    ) -> [Violation] {
        guard let shape = shapes[name] else { return [Violation(path, .known(name), value)] }
        switch (shape, value) {
        case (.structure(let members), .object(let object)):
            return violations(of: members, in: object, at: path)
        case (.list(let element, let count), .array(let items)):
            return bounds(count, .elements, items.count, value, at: path)
                + items.enumerated().flatMap { index, item in
                    violations(of: element, in: item, at: path + [.element(index)])
                }
        case (.map(let key, let entry, let count, let reserved), .object(let entries)):
            let wrongCount = bounds(count, .elements, entries.count, value, at: path)
            guard wrongCount.isEmpty else { return wrongCount }
            return entries.sorted { $0.key < $1.key }.flatMap { name, item in
                violations(of: key, in: .string(name), at: path + [.key(name)])
                    + reservation(reserved, name, at: path)
                    + violations(of: entry, in: item, at: path + [.entry(name)])
            }
        case (.string(let length, let pattern, let enumeration), .string(let text)):
            return violations(of: text, length, pattern, enumeration, at: path)
        case (.integer(let range), .integer(let number)):
            return bounds(range, .value, number, value, at: path)
        case (.blob(let size), .string(let text)):
            guard let bytes = Data(base64Encoded: text) else {
                return [Violation(path, .base64, value)]
            }
            return bounds(size, .bytes, bytes.count, value, at: path)
        case (.float, .integer), (.float, .number), (.boolean, .boolean), (.stream, _),
            (.timestamp, .integer), (.timestamp, .number), (.document, _):
            return []
        default: return [Violation(path, .type(shape), value)]
        }
    }

    private func violations(
        of members: [Shape.Member], in object: [String: JSONValue], at path: [Violation.Step]
    ) -> [Violation] {
        members.flatMap { member -> [Violation] in
            let path = path + [.member(member.name)]
            switch object[member.name] {
            case nil, .null: return member.isRequired ? [Violation(path, .required, .null)] : []
            case .some(let value): return violations(of: member.shape, in: value, at: path)
            }
        }
    }

    private func violations(
        of text: String, _ length: ClosedRange<Int>, _ pattern: String?, _ enumeration: [String],
        at path: [Violation.Step]
    ) -> [Violation] {
        let value = JSONValue.string(text)
        let count = text.unicodeScalars.count
        var found = bounds(length, .characters, count, value, at: path)
        // A pattern over an unbounded text could take for ever.
        if count > length.upperBound { return found }
        if let pattern, !Pattern.matches(text, pattern) {
            found.append(Violation(path, .pattern(pattern), value))
        }
        if !enumeration.isEmpty, !enumeration.contains(text) {
            found.append(Violation(path, .enumeration(enumeration), value))
        }
        return found
    }

    private func bounds(
        _ range: ClosedRange<Int>, _ measure: Violation.Measure, _ number: Int, _ value: JSONValue,
        at path: [Violation.Step]
    ) -> [Violation] {
        range.contains(number)
            ? [] : [Violation(path, .bounds(range, of: measure, found: number), value)]
    }

    private func reservation(_ prefix: String?, _ key: String, at path: [Violation.Step])
        -> [Violation]
    {
        guard let prefix, key.lowercased().hasPrefix(prefix) else { return [] }
        return [Violation(path + [.key(key)], .reserved(prefix: prefix), .string(key))]
    }
}
