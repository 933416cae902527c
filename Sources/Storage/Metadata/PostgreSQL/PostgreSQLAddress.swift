import CPostgreSQL

/// Where a database is, and how to say so without secrets.
struct PostgreSQLAddress: Sendable, CustomStringConvertible {
    /// As libpq takes it, with whatever secrets are in it. For libpq only.
    let url: String
    /// Host and database, for messages.
    let description: String
    private let secrets: [String]

    /// - Parameter url: `postgres://` or `postgresql://`, as libpq documents it.
    /// - Throws: `StorageError.invalidName`, without any part of the URL.
    init(url: String) throws(StorageError) {
        // libpq's message names the part of the URL that is wrong, which may be the password.
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://"),
            let options = PQconninfoParse(url, nil)
        else { throw Self.noURL }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                values[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        let names = [values["host"], values["hostaddr"], values["dbname"]].compactMap { $0 }
        // A password with an @ or a slash that is not encoded ends in the names behind it.
        guard !names.contains(where: { $0.contains("@") }),
            values["port"]?.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "," }) ?? true
        else { throw Self.noURL }
        self.url = url
        secrets = [url, values["password"], values["sslpassword"]].compactMap { $0 }
            .filter { !$0.isEmpty }
        let host = values["host"] ?? values["hostaddr"] ?? "its default host"
        let port = values["port"].map { ":\($0)" } ?? ""
        description =
            "PostgreSQL database \(values["dbname"] ?? "of the user's name") at \(host)\(port)"
    }

    private static let noURL = StorageError(
        .invalidName,
        "A PostgreSQL database is given as postgres://USER@HOST/DATABASE?sslmode=…, with special "
            + "characters percent-encoded.")

    /// What libpq says, in one line and without the URL's passwords.
    func withoutSecrets(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return secrets.reduce(line) { $0.replacing($1, with: "…") }
    }
}
