/// Shapes by name, and what is done to documents with them: they are gathered from HTTP messages,
/// freed of unknown members, and checked (`violations`).
package struct ShapeTable: Sendable {
    /// Every shape by its name; names are unique.
    package let shapes: [String: Shape]

    /// - Parameter rows: with unique names.
    package init(_ rows: [(name: String, shape: Shape)]) {
        shapes = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.shape) })
    }

    /// Members of the structure `name`; empty for a name that is not a structure's.
    package func members(of name: String) -> [Shape.Member] {
        if case .structure(let members) = shapes[name] { members } else { [] }
    }

    /// Gathers an input from where its members travel: path, query, headers and body. Members that
    /// the request does not have are absent; nothing is checked yet.
    ///
    /// - Parameters:
    ///   - labels: values of the path's labels, decoded.
    ///   - request: whose body is one JSON object, empty, or the payload of a `.payload` member,
    ///     for which the input has an empty string.
    /// - Throws: `serialization` for a body that is not a JSON object.
    package func gather(
        _ members: [Shape.Member], labels: [String: String], from request: WireRequest
    ) throws(WireError) -> [String: JSONValue] {
        let body = try body(of: request, members)
        var input: [String: JSONValue] = [:]
        for member in members {
            switch member.location {
            case .body: input[member.name] = body[member.name].map { pruned($0, to: member.shape) }
            case .payload: input[member.name] = request.body.isEmpty ? .null : .string("")
            case .path(let label): input[member.name] = labels[label].map(JSONValue.string)
            case .header(let name): input[member.name] = request.header(name).map(JSONValue.string)
            case .query(let name):
                let values = request.query.filter { $0.name == name }.map(\.value)
                input[member.name] = queryValue(values, shape: member.shape)
            }
        }
        return input
    }

    private func body(of request: WireRequest, _ members: [Shape.Member]) throws(WireError)
        -> [String: JSONValue]
    {
        guard members.contains(where: { $0.location == .body }), !request.body.isEmpty else {
            return [:]
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: request.body)
        } catch {
            throw WireError(
                .serialization, "The body must be one JSON object in UTF-8: \(error.message).")
        }
        guard let object = value.object else {
            throw WireError(
                .serialization, "The body must be one JSON object in UTF-8, not \(value.kind).")
        }
        return object
    }

    /// `value` with the members of the shape only, at every depth. What is validated, authorised,
    /// recorded and done must be the same: a member that differs by the case of a letter would be
    /// read by one of them and not by another.
    private func pruned(_ value: JSONValue, to shapeName: String) -> JSONValue {
        switch (shapes[shapeName], value) {
        case (.structure(let members), .object(let object)):
            .object(
                members.reduce(into: [:]) { result, member in
                    result[member.name] = object[member.name].map { pruned($0, to: member.shape) }
                })
        case (.list(let element, _), .array(let items)):
            .array(items.map { pruned($0, to: element) })
        default: value
        }
    }

    /// Query values arrive as text; those that read as their type become it, the others stay text
    /// and fail validation with a message about the type.
    private func queryValue(_ values: [String], shape: String) -> JSONValue? {
        guard let first = values.first else { return nil }
        switch shapes[shape] {
        case .list: return .array(values.map(JSONValue.string))
        case .integer: return Int(first).map(JSONValue.integer) ?? .string(first)
        case .boolean: return Bool(first).map(JSONValue.boolean) ?? .string(first)
        case .timestamp:
            return Timestamp.seconds(first).map(JSONValue.number) ?? .string(first)
        default: return .string(first)
        }
    }
}
