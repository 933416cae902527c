/// Operations by method and path template. A segment of a template in braces is a label; one that
/// ends in `+}` takes all that is left.
package struct RouteTable<Operation: Sendable>: Sendable {
    private let rows: [(operation: Operation, method: String, template: [Substring])]

    /// - Parameters:
    ///   - operations: of which the first that matches is found.
    ///   - row: method and path template of an operation.
    package init(_ operations: [Operation], _ row: (Operation) -> (method: String, path: String)) {
        rows = operations.map {
            let (method, path) = row($0)
            return ($0, method, path.split(separator: "/"))
        }
    }

    /// - Parameter path: percent-encoded, as it stands in the request line.
    /// - Returns: with the path's labels decoded.
    /// - Throws: `unknownOperation` for a path of no operation, `methodNotAllowed` for a path that
    ///   exists under other methods.
    package func find(method: String, path: String) throws(WireError) -> (
        operation: Operation, labels: [String: String]
    ) {
        let segments = Self.segments(path)
        var methods: [String] = []
        for row in rows {
            guard let labels = Self.match(segments, row.template) else { continue }
            if row.method == method { return (row.operation, labels) }
            methods.append(row.method)
        }
        guard methods.isEmpty else {
            throw WireError(
                .methodNotAllowed,
                "This path takes \(methods.sorted().joined(separator: ", ")), not \(method).")
        }
        throw WireError(
            .unknownOperation,
            "No operation has the path '\(path.prefix(120))'. Check the address that the client "
                + "was given, and that its requests are signed for the service they are for.")
    }

    /// The methods that operations with this path take.
    package func methods(path: String) -> [String] {
        let segments = Self.segments(path)
        return rows.filter { Self.match(segments, $0.template) != nil }.map(\.method).sorted()
    }

    private static func segments(_ path: String) -> ArraySlice<Substring> {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    }

    private static func match(
        _ segments: ArraySlice<Substring>, _ template: [Substring]
    ) -> [String: String]? {
        let takesRest = template.last?.hasSuffix("+}") == true
        guard
            takesRest ? segments.count >= template.count : segments.count == template.count
        else { return nil }
        var labels: [String: String] = [:]
        for (index, pattern) in template.enumerated() {
            let segment = segments[segments.startIndex + index]
            if pattern.hasSuffix("+}") {
                let rest = segments.dropFirst(index).joined(separator: "/")
                guard !rest.isEmpty, let value = PercentCoding.decode(rest) else { return nil }
                labels[String(pattern.dropFirst().dropLast(2))] = value
            } else if pattern.hasPrefix("{") {
                guard !segment.isEmpty, let value = PercentCoding.decode(segment) else {
                    return nil
                }
                labels[String(pattern.dropFirst().dropLast())] = value
            } else if pattern != segment {
                return nil
            }
        }
        return labels
    }
}
