package import FoundationEssentials

/// An HTTP request as the API sees it: method, path as sent, decoded query, headers, body.
package struct WireRequest: Sendable {
    package var method: String
    /// Percent-encoded, as it stands in the request line, without the query.
    package var path: String
    /// Name and value pairs, percent-decoded, in their order.
    package var query: [(name: String, value: String)]
    /// Value of a header by name in any case.
    package var header: @Sendable (String) -> String?
    package var body: Data

    package init(
        method: String, path: String, query: [(name: String, value: String)] = [],
        header: @escaping @Sendable (String) -> String? = { _ in nil }, body: Data = Data()
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.header = header
        self.body = body
    }
}

/// The operation that a method and a path select, with the path's labels decoded.
package struct Route: Sendable, Equatable {
    package let operation: Operation
    package let labels: [String: String]

    /// - Throws: `unknownOperation` for a path of no operation, `methodNotAllowed` for a path that
    ///   exists under other methods.
    package static func find(method: String, path: String) throws(WireError) -> Route {
        let found = try table.find(method: method, path: path)
        return Route(operation: found.operation, labels: found.labels)
    }

    /// The methods that operations with this path take.
    package static func methods(path: String) -> [String] { table.methods(path: path) }

    private static let table = RouteTable(Operation.allCases) {
        ($0.definition.method, $0.definition.path)
    }
}

extension Route {
    /// Gathers the input of the operation from path, query, headers and body, and checks it.
    ///
    /// - Returns: the input without its streamed payload.
    /// - Throws: `serialization` for a body that is not a JSON object, `validation` naming every
    ///   broken constraint.
    package func input(of request: WireRequest) throws(WireError) -> JSONValue {
        let shape = operation.definition.input
        let members = Shapes.members(of: shape)
        var input = try bodyMembers(of: request, members)
        for member in members {
            switch member.location {
            case .body: break
            case .payload:
                input[member.name] = request.body.isEmpty ? .null : .string("")
            case .path(let label):
                input[member.name] = labels[label].map(JSONValue.string)
            case .header(let name):
                input[member.name] = request.header(name).map(JSONValue.string)
            case .query(let name):
                let values = request.query.filter { $0.name == name }.map(\.value)
                input[member.name] = Self.queryValue(values, shape: member.shape)
            }
        }
        let document = Shapes.pruned(.object(input), to: shape)
        let violations = Validation.violations(of: shape, in: document)
        guard violations.isEmpty else {
            let noun = violations.count == 1 ? "error" : "errors"
            throw .validation(
                "\(violations.count) validation \(noun) detected: "
                    + violations.joined(separator: "; "))
        }
        return document
    }

    private func bodyMembers(
        of request: WireRequest, _ members: [Shape.Member]
    ) throws(WireError) -> [String: JSONValue] {
        guard members.contains(where: { $0.location == .body }), !request.body.isEmpty else {
            return [:]
        }
        guard let body = try? JSONValue(parsing: request.body), let object = body.object else {
            throw WireError(.serialization, "The body must be one JSON object in UTF-8.")
        }
        // A member that belongs in the path must not be smuggled in through the body.
        let names = Set(members.filter { $0.location == .body }.map(\.name))
        return object.filter { names.contains($0.key) }
    }

    /// Query values arrive as text; those that read as their type become it, the others stay text
    /// and fail validation with a message about the type.
    private static func queryValue(_ values: [String], shape: String) -> JSONValue? {
        guard let first = values.first else { return nil }
        switch Shapes.all[shape] {
        case .list: return .array(values.map(JSONValue.string))
        case .integer: return Int(first).map(JSONValue.integer) ?? .string(first)
        case .boolean: return Bool(first).map(JSONValue.boolean) ?? .string(first)
        case .timestamp:
            return Timestamp.seconds(first).map(JSONValue.number) ?? .string(first)
        default: return .string(first)
        }
    }
}

/// Percent-encoding of RFC 3986.
package enum PercentCoding {
    /// - Returns: nil for a broken escape or bytes that are not UTF-8.
    package static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
    }

    /// Name and value pairs of a query string; a pair with a broken escape is nil.
    package static func decodeQuery(_ query: some StringProtocol) -> [(
        name: String, value: String
    )]? {
        var pairs: [(name: String, value: String)] = []
        for part in query.split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(sides[0]), let value = decode(sides.count > 1 ? sides[1] : "")
            else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }
}
