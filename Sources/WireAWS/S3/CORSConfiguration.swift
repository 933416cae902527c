/// Which pages of other origins a browser lets read a bucket: the document of PutBucketCors and
/// GetBucketCors, and the decisions that it leads to.
package struct CORSConfiguration: Codable, Sendable, Equatable {
    /// One rule; the first that fits counts.
    package struct Rule: Codable, Sendable, Equatable {
        /// For people.
        package var ID: String?
        /// Like `https://example.com`; at most one `*`, which stands for any characters.
        package var AllowedOrigin: [String]
        /// GET, PUT, POST, DELETE, HEAD.
        package var AllowedMethod: [String]
        /// Names of headers that a page may send; at most one `*` each.
        package var AllowedHeader: [String]?
        /// Names of headers of an answer that a page may read.
        package var ExposeHeader: [String]?
        /// How long a browser may keep the answer of a preflight, in seconds.
        package var MaxAgeSeconds: Int?

        package init(origins: [String], methods: [String]) {
            AllowedOrigin = origins
            AllowedMethod = methods
        }
    }

    /// As S3 has it.
    package static let rulesMax = 100
    /// As S3 has it.
    package static let documentBytesMax = 64 << 10
    private static let methods: Set<String> = ["GET", "PUT", "POST", "DELETE", "HEAD"]

    /// 1 to `rulesMax`.
    package var CORSRule: [Rule]

    package init(rules: [Rule]) { CORSRule = rules }

    /// - Throws: `malformedXML` for no rule or too many of them, `invalidRequest` that names the
    ///   method, origin or header which cannot be.
    package func check() throws(S3Error) {
        guard (1...Self.rulesMax).contains(CORSRule.count) else {
            throw S3Error(
                .malformedXML, "A CORS configuration must have 1 to \(Self.rulesMax) rules.")
        }
        for rule in CORSRule {
            guard !rule.AllowedOrigin.isEmpty, !rule.AllowedMethod.isEmpty else {
                throw S3Error(
                    .malformedXML, "Each CORSRule needs an AllowedOrigin and an AllowedMethod.")
            }
            if let method = rule.AllowedMethod.first(where: { !Self.methods.contains($0) }) {
                throw S3Error(
                    .invalidRequest,
                    "Found unsupported HTTP method in CORS config. Unsupported method is "
                        + String(method.prefix(40)))
            }
            let patterns = rule.AllowedOrigin.map { ("AllowedOrigin", $0) }
            let headers = (rule.AllowedHeader ?? []).map { ("AllowedHeader", $0) }
            for (name, text) in patterns + headers where text.count(where: { $0 == "*" }) > 1 {
                throw S3Error(
                    .invalidRequest,
                    "\(name) \"\(text.prefix(80))\" can not have more than one wildcard.")
            }
            // They become headers of answers.
            let sent = rule.AllowedOrigin + (rule.AllowedHeader ?? []) + (rule.ExposeHeader ?? [])
            guard sent.allSatisfy(Self.isHeaderText) else {
                throw S3Error(
                    .invalidRequest, "A CORS rule must have visible ASCII characters only.")
            }
        }
    }

    private static func isHeaderText(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// The headers of an answer to a page of another origin.
    ///
    /// - Parameters:
    ///   - method: of the request; of a preflight, the one that it asks about.
    ///   - requestedHeaders: of a preflight: names that the page wants to send; nil for any other
    ///     request.
    /// - Returns: nil when no rule fits.
    package func headers(
        origin: String, method: String, requestedHeaders: [String]?
    ) -> [(name: String, value: String)]? {
        let wanted = (requestedHeaders ?? []).map { $0.lowercased() }
        let found = CORSRule.first { rule in
            rule.AllowedMethod.contains(method)
                && rule.AllowedOrigin.contains { Self.matches($0, origin) }
                && wanted.allSatisfy { name in
                    (rule.AllowedHeader ?? []).contains { Self.matches($0.lowercased(), name) }
                }
        }
        guard let rule = found else { return nil }
        let isForAll = rule.AllowedOrigin.contains("*")
        var headers = [
            (name: "access-control-allow-origin", value: isForAll ? "*" : origin),
            (name: "access-control-allow-methods", value: list(rule.AllowedMethod)),
            (
                name: "vary",
                value: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
            ),
        ]
        if !isForAll { headers.append(("access-control-allow-credentials", "true")) }
        if !wanted.isEmpty { headers.append(("access-control-allow-headers", list(wanted))) }
        if let exposed = rule.ExposeHeader, !exposed.isEmpty {
            headers.append(("access-control-expose-headers", list(exposed)))
        }
        if let seconds = rule.MaxAgeSeconds {
            headers.append(("access-control-max-age", String(seconds)))
        }
        return headers
    }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    /// Whether `text` is `pattern`, in which one `*` stands for any characters.
    private static func matches(_ pattern: String, _ text: String) -> Bool {
        let sides = pattern.utf8.split(
            separator: UInt8(ascii: "*"), maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2 else { return pattern == text }
        return text.utf8.count >= sides[0].count + sides[1].count
            && text.utf8.starts(with: sides[0])
            && text.utf8.reversed().starts(with: sides[1].reversed())
    }
}
