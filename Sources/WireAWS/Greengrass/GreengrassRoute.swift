package import Wire

/// The operation of Greengrass that a method and a path select, with the path's labels decoded.
package struct GreengrassRoute: Sendable, Equatable {
    /// The row of the table that method and path select.
    package let operation: GreengrassOperation
    /// By name in the template, percent-decoded.
    package let labels: [String: String]

    /// - Parameter path: percent-encoded, as it stands in the request line.
    /// - Throws: `unknownOperation` for a path of no operation, `methodNotAllowed` for a path that
    ///   exists under other methods.
    package static func find(method: String, path: String) throws(WireError) -> GreengrassRoute {
        let found = try table.find(method: method, path: path)
        return GreengrassRoute(operation: found.operation, labels: found.labels)
    }

    private static let table = RouteTable(GreengrassOperation.allCases) {
        ($0.definition.method, $0.definition.path)
    }
}
