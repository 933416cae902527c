/// The operation of Greengrass that a method and a path select, with the path's labels decoded.
package struct GreengrassRoute: Sendable, Equatable {
    package let operation: GreengrassOperation
    package let labels: [String: String]

    /// - Parameter path: percent-encoded, as it stands in the request line.
    /// - Throws: `unknownOperation` for a path of no operation, `methodNotAllowed` for a path that
    ///   exists under other methods.
    package static func find(method: String, path: String) throws(WireError) -> GreengrassRoute {
        let segments = Array(path.split(separator: "/", omittingEmptySubsequences: false))
            .dropFirst()
        var methods: [String] = []
        for (operation, template) in templates {
            guard let labels = match(segments, template) else { continue }
            if operation.definition.method == method {
                return GreengrassRoute(operation: operation, labels: labels)
            }
            methods.append(operation.definition.method)
        }
        guard methods.isEmpty else {
            throw WireError(
                .methodNotAllowed,
                "This path takes \(methods.sorted().joined(separator: ", ")), not \(method).")
        }
        throw WireError(.unknownOperation, "No operation has this path.")
    }

    private static let templates: [(GreengrassOperation, [Substring])] =
        GreengrassOperation.allCases.map { ($0, $0.definition.path.split(separator: "/")) }

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
