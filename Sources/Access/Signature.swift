import Crypto
package import FoundationEssentials

/// Signs requests with Signature Version 4 in the `Authorization` header.
package struct RequestSigner: Sendable {
    package let credentials: Credentials
    package let region: String
    package let service: String

    package init(credentials: Credentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// - Parameter request: with its `Host` header; headers that are there are all signed.
    /// - Returns: the headers to add: `X-Amz-Date`, `Authorization`.
    package func headers(for request: SignableRequest, body: Data, now: Date) -> [(
        name: String, value: String
    )] {
        let time = SigningTime.format(now)
        let scope = SigningScope(day: String(time.prefix(8)), region: region, service: service)
        var request = request
        request.headers.append(("X-Amz-Date", time))
        let signed = Set(request.headers.map { $0.name.lowercased() }).sorted()
        let canonical = CanonicalRequest.text(
            of: request, signedHeaders: signed,
            payloadHash: Hex.encode(SHA256.hash(data: body)))
        let signature = CanonicalRequest.hexSignature(
            of: CanonicalRequest.stringToSign(canonical, scope: scope, time: time),
            secret: credentials.secretAccessKey, scope: scope)
        let authorization =
            "\(CanonicalRequest.algorithm) "
            + "Credential=\(credentials.accessKeyID)/\(scope.text), "
            + "SignedHeaders=\(signed.joined(separator: ";")), Signature=\(signature)"
        return [("X-Amz-Date", time), ("Authorization", authorization)]
    }
}

/// The fields of an `Authorization` header of Signature Version 4.
package struct Authorization: Sendable, Equatable {
    package let accessKeyID: String
    package let scope: SigningScope
    /// Lower case, in order.
    package let signedHeaders: [String]
    package let signature: [UInt8]

    /// - Throws: `missingAuthenticationToken` for another scheme, `incompleteSignature` naming the
    ///   field that is missing or malformed.
    package init(header: String) throws(AccessError) {
        guard header.hasPrefix(CanonicalRequest.algorithm + " ") else {
            throw AccessError(
                .missingAuthenticationToken,
                "The Authorization header must begin with \(CanonicalRequest.algorithm).")
        }
        var fields: [Substring: Substring] = [:]
        for part in header.dropFirst(CanonicalRequest.algorithm.count + 1).split(separator: ",") {
            let sides = part.drop(while: { $0 == " " }).split(separator: "=", maxSplits: 1)
            if sides.count == 2 { fields[sides[0]] = sides[1] }
        }
        guard let credential = fields["Credential"]?.split(separator: "/"), credential.count == 5,
            credential[4] == "aws4_request"
        else {
            throw AccessError(
                .incompleteSignature,
                "Authorization needs Credential=KEY/DATE/REGION/SERVICE/aws4_request.")
        }
        guard let signed = fields["SignedHeaders"]?.split(separator: ";"), !signed.isEmpty else {
            throw AccessError(.incompleteSignature, "Authorization needs SignedHeaders.")
        }
        guard let hex = fields["Signature"], let bytes = Hex.decode(String(hex)), bytes.count == 32
        else {
            throw AccessError(
                .incompleteSignature, "Authorization needs a Signature of 64 hexadecimal digits.")
        }
        accessKeyID = String(credential[0])
        scope = SigningScope(
            day: String(credential[1]), region: String(credential[2]),
            service: String(credential[3]))
        signedHeaders = signed.map { $0.lowercased() }
        signature = bytes
    }
}

/// Checks the header signatures of requests.
package struct SignatureVerifier: Sendable {
    /// What the caller's clock may differ from ours, as AWS has it.
    package static let skewSecondsMax: TimeInterval = 300
    package static let unsignedPayload = "UNSIGNED-PAYLOAD"

    private let region: String
    private let services: Set<String>
    private let key: @Sendable (String) -> Credentials?

    /// - Parameters:
    ///   - services: signing names that are accepted.
    ///   - key: the credentials of an access key ID.
    package init(
        region: String, services: Set<String>, key: @escaping @Sendable (String) -> Credentials?
    ) {
        self.region = region
        self.services = services
        self.key = key
    }

    /// - Returns: the access key of the caller.
    /// - Throws: the first thing that is wrong; messages never contain the expected signature or
    ///   the canonical request.
    @discardableResult
    package func verify(
        _ request: SignableRequest, body: Data, unsignedPayloadAllowed: Bool = false, now: Date
    ) throws(AccessError) -> Credentials {
        guard let header = value("authorization", request) else {
            throw AccessError(
                .missingAuthenticationToken, "The request has no Authorization header.")
        }
        let authorization = try Authorization(header: header)
        let time = try self.time(of: request, authorization, now: now)
        try checkScope(authorization.scope, time: time)
        try checkSignedHeaders(authorization.signedHeaders, request)
        guard let credentials = key(authorization.accessKeyID) else {
            throw AccessError(
                .unrecognizedClient, "The security token included in the request is invalid.")
        }
        let canonical = CanonicalRequest.text(
            of: request, signedHeaders: authorization.signedHeaders,
            payloadHash: try payloadHash(of: request, body, unsignedPayloadAllowed))
        let expected = CanonicalRequest.signature(
            of: CanonicalRequest.stringToSign(canonical, scope: authorization.scope, time: time),
            secret: credentials.secretAccessKey, scope: authorization.scope)
        // Comparing an authentication code with bytes takes the same time whatever differs.
        guard expected == authorization.signature else {
            throw AccessError(
                .invalidSignature,
                "The request signature we calculated does not match the signature you provided. "
                    + "Check your secret access key and signing method.")
        }
        return credentials
    }

    private func value(_ name: String, _ request: SignableRequest) -> String? {
        request.headers.first { $0.name.lowercased() == name }?.value
    }

    private func time(
        of request: SignableRequest, _ authorization: Authorization, now: Date
    ) throws(AccessError) -> String {
        guard let text = value("x-amz-date", request), let date = SigningTime.parse(text) else {
            throw AccessError(
                .incompleteSignature, "X-Amz-Date must be a time like 20260131T235959Z.")
        }
        let skew = date.timeIntervalSince(now)
        guard abs(skew) <= Self.skewSecondsMax else {
            let relation = skew < 0 ? "Signature expired" : "Signature not yet current"
            throw AccessError(
                .invalidSignature,
                "\(relation): \(text) is more than \(Int(Self.skewSecondsMax)) s "
                    + "\(skew < 0 ? "before" : "after") this server's \(SigningTime.format(now)).")
        }
        return text
    }

    private func checkScope(_ scope: SigningScope, time: String) throws(AccessError) {
        guard scope.day == time.prefix(8) else {
            throw AccessError(
                .invalidSignature,
                "The date of the credential scope, \(scope.day), is not that of X-Amz-Date.")
        }
        guard scope.region == region else {
            throw AccessError(
                .invalidSignature,
                "Credential should be scoped to region '\(region)', not '\(scope.region)'.")
        }
        guard services.contains(scope.service) else {
            throw AccessError(
                .invalidSignature,
                "Credential should be scoped to service \(services.sorted().joined(separator: ", "))"
                    + ", not '\(scope.service)'.")
        }
    }

    /// A header that is not signed could be changed on the way, so those with a meaning must be.
    private func checkSignedHeaders(_ signed: [String], _ request: SignableRequest)
        throws(AccessError)
    {
        let present = Set(request.headers.map { $0.name.lowercased() })
        let needed = present.filter { $0.hasPrefix("x-amz-") }.union(["host"])
        for name in needed.sorted() where !signed.contains(name) {
            throw AccessError(.invalidSignature, "'\(name)' must be a signed header.")
        }
        for name in signed where !present.contains(name) {
            throw AccessError(
                .invalidSignature, "The signed header '\(name)' is not in the request.")
        }
    }

    private func payloadHash(
        of request: SignableRequest, _ body: Data, _ unsignedPayloadAllowed: Bool
    ) throws(AccessError) -> String {
        let actual = Hex.encode(SHA256.hash(data: body))
        switch value("x-amz-content-sha256", request) {
        case nil, actual: return actual
        case Self.unsignedPayload where unsignedPayloadAllowed: return Self.unsignedPayload
        case Self.unsignedPayload:
            throw AccessError(.invalidSignature, "This operation needs a signed payload.")
        default:
            throw AccessError(
                .invalidSignature, "X-Amz-Content-SHA256 is not the hash of the body received.")
        }
    }
}
