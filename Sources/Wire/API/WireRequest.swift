package import FoundationEssentials

/// An HTTP request as the API sees it: method, path as sent, decoded query, headers, body.
package struct WireRequest: Sendable {
    /// Upper case.
    package var method: String
    /// Percent-encoded, as it stands in the request line, without the query.
    package var path: String
    /// Name and value pairs, percent-decoded, in their order.
    package var query: [(name: String, value: String)]
    /// Value of a header by name in any case.
    package var header: @Sendable (String) -> String?
    /// Whole, without any transfer or chunk coding.
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
