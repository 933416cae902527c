import FoundationEssentials

/// A server: scheme, host and port.
package struct CloudEndpoint: Sendable, Equatable, CustomStringConvertible {
    /// Whether requests go over TLS (`https`).
    package let isSecure: Bool
    /// A name or an address; IPv6 in brackets.
    package let host: String
    /// Nil for the scheme's own.
    package let port: Int?

    /// Checks nothing; use `init(url:)` for what a user typed.
    package init(isSecure: Bool, host: String, port: Int? = nil) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
    }

    /// - Parameter url: `http://HOST[:PORT]` or `https://HOST[:PORT]`, with at most a slash after.
    /// - Throws: `endpoint` that says what is wrong.
    package init(url: String) throws(CloudError) {
        let shown = url.prefix(200)
        guard let parsed = URL(string: url), let scheme = parsed.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parsed.host, !host.isEmpty
        else {
            throw CloudError(
                .endpoint, "'\(shown)' is no address of a server; one is like https://HOST:PORT.")
        }
        guard parsed.user == nil, parsed.password == nil else {
            throw CloudError(
                .endpoint,
                "The address of \(host) must not hold a key: keys come from the environment or a "
                    + "profile.")
        }
        guard parsed.path.isEmpty || parsed.path == "/", parsed.query == nil,
            parsed.fragment == nil
        else {
            throw CloudError(
                .endpoint, "'\(shown)' must end after the port: no path and no query.")
        }
        if let port = parsed.port, !(1...65_535).contains(port) {
            throw CloudError(.endpoint, "'\(shown)' has no port that exists.")
        }
        let isSecure = scheme == "https"
        let isIPv6 = host.contains(":") && !host.hasPrefix("[")
        self.init(
            isSecure: isSecure, host: isIPv6 ? "[\(host)]" : host.lowercased(),
            port: parsed.port == (isSecure ? 443 : 80) ? nil : parsed.port)
    }

    /// As the `Host` header has it.
    package var authority: String { port.map { "\(host):\($0)" } ?? host }

    /// Scheme and authority without a slash at the end; a request's path follows directly.
    package var url: String { "\(isSecure ? "https" : "http")://\(authority)" }

    /// The URL, which never contains a key.
    package var description: String { url }

    /// The same server under a name below its own, like `BUCKET.HOST`.
    package func below(_ name: String) -> CloudEndpoint {
        CloudEndpoint(isSecure: isSecure, host: "\(name).\(host)", port: port)
    }

    /// AWS's own server of a service in a region.
    package static func aws(service: String, region: String) -> CloudEndpoint {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return CloudEndpoint(isSecure: true, host: "\(service).\(region).\(domain)")
    }
}
