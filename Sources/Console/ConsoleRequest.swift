package import FoundationEssentials

/// A request to the console, without HTTP.
package struct ConsoleRequest: Sendable {
    /// `GET`, `HEAD` or `POST`.
    package let method: String
    /// Below the console's root, percent-decoded, without empty parts: `projects`, `parts`.
    package let path: [String]
    /// Names and values of the query, decoded.
    package let query: [(name: String, value: String)]
    /// Value of a header by its name in lower case.
    package let header: @Sendable (String) -> String?
    /// Of at most `Console.bodyBytesMax`.
    package let body: Data
    /// nil when it is not known.
    package let sourceAddress: String?
    /// Whether the server itself was reached by TLS.
    package let isEncrypted: Bool

    package init(
        method: String, path: [String], query: [(name: String, value: String)],
        header: @escaping @Sendable (String) -> String?, body: Data, sourceAddress: String?,
        isEncrypted: Bool
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.header = header
        self.body = body
        self.sourceAddress = sourceAddress
        self.isEncrypted = isEncrypted
    }

    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The fields of a form in the body; empty for any other body.
    var form: [String: String] {
        let type = header("content-type") ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded"),
            let pairs = FormCoding.decode(String(decoding: body, as: UTF8.self))
        else { return [:] }
        return pairs.reduce(into: [:]) { $0[$1.name] = $1.value }
    }

    /// A cookie's value.
    func cookie(_ name: String) -> String? {
        for pair in (header("cookie") ?? "").split(separator: ";") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, sides[0].drop(while: { $0 == " " }) == name else { continue }
            return String(sides[1])
        }
        return nil
    }

    /// Whether a page asked by itself, and not because a person did something: a script that
    /// follows what happens says so in a header, and with a cookie of a few seconds where it loads
    /// the page again.
    var isBackground: Bool {
        header("x-spotter-background") != nil || cookie("spotter-background") != nil
    }

    /// Whether the browser uses TLS, up to the server or, as that says, up to the proxy before it.
    var isSecure: Bool {
        isEncrypted || header("x-forwarded-proto")?.lowercased() == "https"
    }
}

/// What the console answers.
package struct ConsoleResponse: Sendable {
    /// An HTTP status.
    package var status: Int
    /// Names and values, in their order.
    package var headers: [(name: String, value: String)]
    package var body: Data

    init(_ status: Int, _ type: String, _ body: Data, headers: [(name: String, value: String)] = [])
    {
        self.status = status
        self.headers = [("Content-Type", type)] + headers
        self.body = body
    }

    /// A file to be kept.
    ///
    /// - Parameter name: of letters, digits and `-._` alone, as names of components and archives
    ///   are.
    static func download(_ name: String, _ type: String, _ bytes: Data) -> ConsoleResponse {
        ConsoleResponse(
            200, type, bytes,
            headers: [
                ("Content-Disposition", "attachment; filename=\"\(name)\""),
                ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
            ])
    }

    /// Sends the browser on to another page.
    static func redirect(_ location: String) -> ConsoleResponse {
        ConsoleResponse(303, "text/plain", Data(), headers: [("Location", location)])
    }
}
