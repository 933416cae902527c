import Crypto
package import FoundationEssentials

/// The presigned URLs from before Version 4, which SDKs still make for S3 unless told otherwise: an
/// HMAC of SHA-1 in the query, as AWS publishes it in "Signing and authenticating REST requests".
package struct LegacyQuery: Sendable {
    /// Parameters that are part of the resource.
    private static let subresources: Set<String> = [
        "acl", "cors", "delete", "lifecycle", "location", "logging", "notification", "partNumber",
        "policy", "requestPayment", "response-cache-control", "response-content-disposition",
        "response-content-encoding", "response-content-language", "response-content-type",
        "response-expires", "restore", "tagging", "torrent", "uploadId", "uploads", "versionId",
        "versioning", "versions", "website",
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
    /// - Throws: `expired`, `invalidSignature`.
    package func verify(
        _ request: SignableRequest, credentials: Credentials, now: Date
    ) throws(AccessError) {
        guard let seconds = TimeInterval(expires) else {
            throw AccessError(.incompleteSignature, "Expires must be seconds since 1970.")
        }
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
        guard now.timeIntervalSince1970 < seconds else {
            throw AccessError(.expired, "Request has expired")
        }
    }

    private func stringToSign(_ request: SignableRequest) -> String {
        // What a signer's request had as headers may have travelled in the query.
        let fields = request.headers.map { ($0.name.lowercased(), $0.value) } + request.query
        func field(_ name: String) -> String { fields.first { $0.0 == name }?.1 ?? "" }
        let amazon = Set(fields.map(\.0).filter { $0.hasPrefix("x-amz-") }).sorted().map { name in
            let values = fields.filter { $0.0 == name }.map(\.1)
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
