/// The API as an OpenAPI 3.1 document, made from the truth table.
package enum OpenAPIDescription {
    /// - Parameters:
    ///   - version: of Spotter.
    ///   - server: URL of an endpoint.
    package static func document(version: String, server: String) -> JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        for operation in Operation.allCases {
            let definition = operation.definition
            paths[definition.path, default: [:]][definition.method.lowercased()] =
                describe(operation)
        }
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object([
                "title": .string("Spotter"), "version": .string(version),
                "description": .string(Documentation.service),
            ]),
            "servers": .array([.object(["url": .string(server)])]),
            "security": .array([.object(["sigv4": .array([])])]),
            "paths": .object(paths.mapValues(JSONValue.object)),
            "components": .object([
                "securitySchemes": .object([
                    "sigv4": .object([
                        "type": .string("apiKey"), "name": .string("Authorization"),
                        "in": .string("header"),
                        "description": .string("AWS Signature Version 4, service lookoutvision."),
                    ])
                ]),
                "schemas": .object(
                    Shapes.all.reduce(into: [:]) { $0[$1.key] = schema($1.key, $1.value) }),
            ]),
        ])
    }

    private static func describe(_ operation: Operation) -> JSONValue {
        let definition = operation.definition
        let members = Shapes.members(of: definition.input)
        var result: [String: JSONValue] = [
            "operationId": .string(operation.rawValue),
            "description": .string(Documentation.operation(operation)),
            "parameters": .array(members.compactMap(parameter)),
            "responses": .object(responses(definition)),
        ]
        let body = members.filter { $0.location == .body }
        if let payload = members.first(where: { $0.location == .payload }) {
            let image = JSONValue.object([
                "schema": .object(["type": .string("string"), "format": .string("binary")])
            ])
            result["requestBody"] = .object([
                "required": .boolean(payload.isRequired),
                "content": .object(["image/png": image, "image/jpeg": image]),
            ])
        } else if !body.isEmpty {
            result["requestBody"] = .object([
                "required": .boolean(body.contains(where: \.isRequired)),
                "content": .object([
                    "application/json": .object(["schema": .object(structure(body))])
                ]),
            ])
        }
        return .object(result)
    }

    private static func parameter(_ member: Shape.Member) -> JSONValue? {
        let place: (String, String)
        switch member.location {
        // A description must not name this one: its value is told by the request body.
        case .body, .payload, .header("Content-Type"): return nil
        case .path(let name): place = ("path", name)
        case .query(let name): place = ("query", name)
        case .header(let name): place = ("header", name)
        }
        var schema = reference(member.shape)
        if case .timestamp = Shapes.all[member.shape] {
            // Seconds since 1970 are taken too.
            schema = .object([
                "type": .array([.string("string"), .string("number")]),
                "format": .string("date-time"),
            ])
        }
        var result: [String: JSONValue] = [
            "in": .string(place.0), "name": .string(place.1),
            "required": .boolean(member.isRequired), "schema": schema,
        ]
        if let text = Documentation.members[member.name] { result["description"] = .string(text) }
        return .object(result)
    }

    private static func responses(_ definition: Operation.Definition) -> [String: JSONValue] {
        let success = [
            "\(definition.status)": response("The answer.", reference(definition.output))
        ]
        let names = definition.errors + ErrorCode.frontEnd
        let errors = Dictionary(grouping: names, by: \.httpStatus).map { status, codes in
            let known = codes.filter { Shapes.all[$0.rawValue] != nil }
            let schemas =
                known.map { reference($0.rawValue) }
                + (known.count < codes.count ? [reference(ErrorCode.validation.rawValue)] : [])
            return (
                "\(status)",
                response(
                    codes.map(\.rawValue).joined(separator: ", ") + ".",
                    .object(["anyOf": .array(schemas)]))
            )
        }
        return success.merging(errors) { first, _ in first }
    }

    private static func response(_ description: String, _ schema: JSONValue) -> JSONValue {
        .object([
            "description": .string(description),
            "content": .object(["application/json": .object(["schema": schema])]),
        ])
    }

    private static func reference(_ shape: String) -> JSONValue {
        .object(["$ref": .string("#/components/schemas/\(shape)")])
    }

    private static func structure(_ members: [Shape.Member]) -> [String: JSONValue] {
        var result: [String: JSONValue] = [
            "type": .string("object"),
            "properties": .object(members.reduce(into: [:]) { $0[$1.name] = property($1) }),
        ]
        let required = members.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { result["required"] = .array(required) }
        return result
    }

    /// A member that may be left out may also be null.
    private static func property(_ member: Shape.Member) -> JSONValue {
        let shape = reference(member.shape)
        if member.isRequired { return shape }
        return .object(["anyOf": .array([shape, .object(["type": .string("null")])])])
    }

    private static func schema(_ name: String, _ shape: Shape) -> JSONValue {
        var result: [String: JSONValue]
        switch shape {
        case .structure(let members):
            result = structure(members.filter { $0.location == .body })
        case .list(let element, let count):
            result = ["type": .string("array"), "items": reference(element)]
            bound(&result, count, "minItems", "maxItems")
        case .map(let key, let value, let count, _):
            result = [
                "type": .string("object"), "propertyNames": reference(key),
                "additionalProperties": reference(value),
            ]
            bound(&result, count, "minProperties", "maxProperties")
        case .document: result = [:]
        case .string(let length, let pattern, let enumeration):
            result = ["type": .string("string")]
            bound(&result, length, "minLength", "maxLength")
            if !enumeration.isEmpty { result["enum"] = .array(enumeration.map(JSONValue.string)) }
            if let pattern { result["pattern"] = .string("^(?:\(portable(pattern)))$") }
        case .integer(let range):
            result = ["type": .string("integer")]
            bound(&result, range, "minimum", "maximum")
        case .float: result = ["type": .string("number")]
        case .boolean: result = ["type": .string("boolean")]
        case .timestamp:
            result = ["type": .string("number"), "description": .string("Seconds since 1970.")]
        case .blob:
            result = ["type": .string("string"), "contentEncoding": .string("base64")]
        case .stream: result = ["type": .string("string"), "format": .string("binary")]
        }
        if let text = Documentation.shapes[name] { result["description"] = .string(text) }
        return .object(result)
    }

    /// As a reader in Unicode mode wants it: no escapes that are not needed, no open hyphens.
    private static func portable(_ pattern: String) -> String {
        pattern.replacing("9-_", with: #"9\-_"#).replacing("\\#", with: "#")
            .replacing(#"\="#, with: "=").replacing(#"\_"#, with: "_")
    }

    private static func bound(
        _ result: inout [String: JSONValue], _ range: ClosedRange<Int>, _ minimum: String,
        _ maximum: String
    ) {
        let isLength = minimum != "minimum"
        if range.lowerBound != Int.min, !(isLength && range.lowerBound == 0) {
            result[minimum] = .integer(range.lowerBound)
        }
        if range.upperBound != Int.max { result[maximum] = .integer(range.upperBound) }
    }
}
