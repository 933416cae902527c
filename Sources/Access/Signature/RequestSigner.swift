import Base
import Crypto
package import FoundationEssentials

/// The payload as a signature covers it.
package enum SignedPayload: Sendable {
    case bytes(Data)
    /// SHA-256 in lower-case hex, of a payload that is sent in pieces.
    case sha256(String)
    case unsigned

    var hash: String {
        switch self {
        case .bytes(let bytes): Checksum.sha256(bytes)
        case .sha256(let hash): hash
        case .unsigned: SignatureVerifier.unsignedPayload
        }
    }
}

/// Signs requests with Signature Version 4.
package struct RequestSigner: Sendable {
    /// Not renewed: a client with temporary keys needs a new signer when they expire.
    package let credentials: Credentials
    /// Second part of the signing scope.
    package let region: String
    /// AWS's signing name. For `s3` the path is encoded once and the payload's hash is sent.
    package let service: String

    /// Holds no state between requests, so one signer serves all tasks of a client.
    package init(credentials: Credentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// - Parameter request: with its `Host` header; headers that are there are all signed.
    /// - Returns: the headers to add: `X-Amz-Date` and `Authorization`, for S3 also
    ///   `X-Amz-Content-SHA256`, with a session `X-Amz-Security-Token`.
    package func headers(
        for request: SignableRequest, payload: SignedPayload, now: Date
    ) -> [(name: String, value: String)] {
        let time = SigningTime.format(now)
        let scope = scope(at: time)
        var added = [(name: "X-Amz-Date", value: time)]
        if scope.isObjectPath { added.append(("X-Amz-Content-SHA256", payload.hash)) }
        if let token = credentials.sessionToken { added.append(("X-Amz-Security-Token", token)) }
        var request = request
        request.headers += added
        let signed = Set(request.headers.map { $0.name.lowercased() }).sorted()
        let signature = signature(of: request, signed, payload.hash, scope, time)
        let authorization =
            "\(CanonicalRequest.algorithm) "
            + "Credential=\(credentials.accessKeyID)/\(scope.text), "
            + "SignedHeaders=\(signed.joined(separator: ";")), Signature=\(signature)"
        return added + [("Authorization", authorization)]
    }

    /// A URL that carries its signature, good for requests of the method by anybody who has it.
    ///
    /// - Parameters:
    ///   - endpoint: scheme and authority, like `http://localhost:9444`.
    ///   - path: percent-encoded, beginning with a slash.
    ///   - query: further parameters, not encoded.
    ///   - expiresSeconds: 1 to 604,800.
    package func presignedURL(
        method: String, endpoint: String, path: String, query: [(name: String, value: String)] = [],
        expiresSeconds: Int, now: Date
    ) -> String {
        let time = SigningTime.format(now)
        let scope = scope(at: time)
        var query = query
        query += [
            ("X-Amz-Algorithm", CanonicalRequest.algorithm),
            ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope.text)"),
            ("X-Amz-Date", time), ("X-Amz-Expires", String(expiresSeconds)),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if let token = credentials.sessionToken { query.append(("X-Amz-Security-Token", token)) }
        let host = endpoint.split(separator: "/", maxSplits: 2).last.map(String.init) ?? ""
        let request = SignableRequest(
            method: method, path: path, query: query, headers: [("host", host)])
        let signature = signature(
            of: request, ["host"], SignedPayload.unsigned.hash, scope, time)
        return "\(endpoint)\(path)?\(CanonicalRequest.query(query))&X-Amz-Signature=\(signature)"
    }

    private func scope(at time: String) -> SigningScope {
        SigningScope(day: String(time.prefix(8)), region: region, service: service)
    }

    private func signature(
        of request: SignableRequest, _ signed: [String], _ payloadHash: String,
        _ scope: SigningScope, _ time: String
    ) -> String {
        let canonical = CanonicalRequest.text(
            of: request, signedHeaders: signed, payloadHash: payloadHash,
            isObjectPath: scope.isObjectPath)
        return CanonicalRequest.hexSignature(
            of: CanonicalRequest.stringToSign(canonical, scope: scope, time: time),
            secret: credentials.secretAccessKey, scope: scope)
    }
}
