import Crypto
package import FoundationEssentials

/// The presigned URLs from before Version 4, which SDKs still make for S3 unless told otherwise: an
/// HMAC of SHA-1 in the query, as AWS publishes it in "Signing and authenticating REST requests".
package struct LegacyQuery: Sendable {
    /// Parameters that are part of the resource, as AWS's SDKs have them; what else is in the query
    /// is not signed.
    private static let subresources: Set<String> = [
        "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory",
        "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "partNumber",
        "policy", "replication", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "select", "select-type",
        "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning",
        "versions", "website",
    ]

    /// As the query claims it; the caller looks up its credentials for `verify`.
    package let accessKeyID: String
    private let signature: Data
    private let expires: String

    /// - Parameter query: percent-decoded.
    /// - Returns: nil for a query without such a signature.
    package init?(query: [(name: String, value: String)]) {
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        guard let id = value("AWSAccessKeyId"), let text = value("Signature"),
            let signature = Data(base64Encoded: text), let expires = value("Expires")
        else { return nil }
        (accessKeyID, self.signature, self.expires) = (id, signature, expires)
    }

    /// - Parameters:
    ///   - request: its path with the bucket in front, also when the host names it.
    ///   - credentials: those of `accessKeyID`.
    /// - Throws: `incompleteSignature` for what such a signature does not cover unmistakably,
    ///   `expired`, `invalidSignature`.
    package func verify(
        _ request: SignableRequest, credentials: Credentials, now: Date
    ) throws(AccessError) {
        guard let seconds = Int(expires) else {
            throw AccessError(.incompleteSignature, "Expires must be seconds since 1970.")
        }
        try checkForm(request)
        let expected = HMAC<Insecure.SHA1>.authenticationCode(
            for: Data(stringToSign(request).utf8),
            using: SymmetricKey(data: Data(credentials.secretAccessKey.utf8)))
        // Comparing an authentication code with bytes takes the same time whatever differs.
        guard expected == signature else {
            throw AccessError(
                .invalidSignature,
                "The request signature we calculated does not match the signature you provided. "
                    + "Check your secret access key and signing method.")
        }
        guard now.timeIntervalSince1970 < TimeInterval(seconds) else {
            throw AccessError(.expired, "Request has expired")
        }
    }

    /// The string to sign puts lines and parameters side by side without escaping them: what could
    /// be read as another line or another parameter is refused.
    private func checkForm(_ request: SignableRequest) throws(AccessError) {
        for (name, value) in request.query {
            guard !name.lowercased().hasPrefix("x-amz-") else {
                throw AccessError(
                    .incompleteSignature,
                    "A presigned URL of Version 2 cannot carry '\(name.prefix(80))' in its query. "
                        + "Send it as a header, or sign with Version 4.")
            }
            let hides = value.split(separator: "&", omittingEmptySubsequences: false).dropFirst()
                .contains { part in
                    Self.subresources.contains(String(part.prefix { $0 != "=" }))
                }
            guard !Self.hasControl(name), !Self.hasControl(value), !hides else {
                throw AccessError(
                    .incompleteSignature,
                    "The parameter '\(name.filter { !$0.isNewline }.prefix(80))' of a presigned URL "
                        + "of Version 2 must not have control characters, nor another parameter.")
            }
        }
        for (name, value) in request.headers where Self.hasControl(value) {
            throw AccessError(
                .incompleteSignature,
                "The header '\(name.prefix(80))' must not have control characters.")
        }
    }

    private static func hasControl(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }

    private func stringToSign(_ request: SignableRequest) -> String {
        let headers = request.headers.map { ($0.name.lowercased(), $0.value) }
        // SDKs put the two of a presigned put into its query too; they count for nothing else.
        func field(_ name: String) -> String {
            headers.first { $0.0 == name }?.1 ?? request.query.first { $0.name == name }?.value
                ?? ""
        }
        let amazon = Set(headers.map(\.0).filter { $0.hasPrefix("x-amz-") }).sorted().map { name in
            let values = headers.filter { $0.0 == name }.map(\.1)
            return "\(name):\(values.joined(separator: ","))\n"
        }
        let parameters = request.query.filter { Self.subresources.contains($0.name) }
            .sorted { $0.name < $1.name }
            .map { $0.value.isEmpty ? $0.name : "\($0.name)=\($0.value)" }
        let resource =
            request.path + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
        return [
            request.method, field("content-md5"), field("content-type"), expires,
            amazon.joined() + resource,
        ].joined(separator: "\n")
    }
}
