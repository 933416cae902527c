/// The operation that a method and a path select, with the path's labels decoded.
package struct Route: Sendable, Equatable {
    /// The row of the table that method and path select.
    package let operation: Operation
    /// By name in the template, percent-decoded.
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
    /// - Returns: an object with the members of the input's shape only, without the bytes of a
    ///   payload.
    /// - Throws: `serialization` for a body that is not a JSON object, `validation` naming every
    ///   broken constraint.
    package func input(of request: WireRequest) throws(WireError) -> JSONValue {
        let members = Shapes.members(of: operation.definition.input)
        let input = try Shapes.table.gather(members, labels: labels, from: request)
        let violations = Shapes.table.violations(of: members, in: input)
        guard violations.isEmpty else {
            throw .validation(Violation.summary(violations.map(\.message)))
        }
        return .object(input)
    }
}
