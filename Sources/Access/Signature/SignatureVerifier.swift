import Base
import Crypto
package import FoundationEssentials
import Wire

/// What a request's signature has proved.
package struct VerifiedSignature: Sendable {
    /// Those whose secret produced the signature, so the caller is their owner.
    package let credentials: Credentials
    /// What the pieces of a chunked payload are signed with.
    package let chunkSigner: ChunkSigner
}

/// Checks the signatures of requests.
package struct SignatureVerifier: Sendable {
    /// What the caller's clock may differ from ours, as AWS has it for most services.
    package static let skewSecondsMax: TimeInterval = 300
    /// S3 forgives more.
    package static let objectSkewSecondsMax: TimeInterval = 900
    /// In place of the hash: the signature covers no payload. S3 and presigned URLs allow it.
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

    /// Checks a request whose body is at hand.
    ///
    /// - Returns: the access key of the caller.
    /// - Throws: the first thing that is wrong; messages never contain the expected signature or
    ///   the canonical request.
    @discardableResult
    package func verify(
        _ request: SignableRequest, body: Data, now: Date
    ) throws(AccessError) -> Credentials {
        guard let header = value("authorization", request) else {
            throw AccessError(
                .missingAuthenticationToken, "The request has no Authorization header.")
        }
        return try verify(
            request, Authorization(header: header),
            payloadHash: try payloadHash(of: request, body), now: now
        ).credentials
    }

    /// Checks the signature over a payload that is still to come.
    ///
    /// - Parameter payloadHash: what the request says that its payload's hash is, which the caller
    ///   checks when it is there; or one of AWS's words in its place.
    package func verify(
        _ request: SignableRequest, _ authorization: Authorization, payloadHash: String, now: Date
    ) throws(AccessError) -> VerifiedSignature {
        let time = try self.time(of: request, authorization, now: now)
        try checkScope(authorization.scope)
        try checkSignedHeaders(authorization.signedHeaders, request)
        guard let credentials = key(authorization.accessKeyID) else {
            throw AccessError(
                .unrecognizedClient, "The security token included in the request is invalid.")
        }
        var signed = request
        if authorization.expiresSeconds != nil {
            signed.query.removeAll { $0.name == "X-Amz-Signature" }
        }
        let canonical = CanonicalRequest.text(
            of: signed, signedHeaders: authorization.signedHeaders, payloadHash: payloadHash,
            isObjectPath: authorization.scope.isObjectPath)
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
        return VerifiedSignature(
            credentials: credentials,
            chunkSigner: ChunkSigner(
                key: CanonicalRequest.signingKey(
                    secret: credentials.secretAccessKey, scope: authorization.scope),
                scope: authorization.scope, time: time, seed: Hex.encode(authorization.signature)))
    }

    private func value(_ name: String, _ request: SignableRequest) -> String? {
        request.headers.first { $0.name.lowercased() == name }?.value
    }

    private func time(
        of request: SignableRequest, _ authorization: Authorization, now: Date
    ) throws(AccessError) -> String {
        let sent =
            authorization.expiresSeconds == nil
            ? value("x-amz-date", request) ?? plainDate(request)
            : request.query.first { $0.name == "X-Amz-Date" }?.value
        guard let text = sent, let date = SigningTime.parse(text) else {
            throw AccessError(
                .missingTime, "X-Amz-Date must be a time like 20260131T235959Z.")
        }
        // Before the clocks are compared: a time that was put in later proves nothing about them.
        guard authorization.scope.day == text.prefix(8) else {
            throw AccessError(
                .invalidSignature,
                "The date of the credential scope, \(authorization.scope.day), is not that of "
                    + "X-Amz-Date.")
        }
        let skew = date.timeIntervalSince(now)
        let skewMax =
            authorization.scope.isObjectPath ? Self.objectSkewSecondsMax : Self.skewSecondsMax
        if let expires = authorization.expiresSeconds {
            guard now < date.addingTimeInterval(TimeInterval(expires)) else {
                throw AccessError(.expired, "Request has expired")
            }
        }
        guard skew <= skewMax, authorization.expiresSeconds != nil || skew >= -skewMax else {
            let relation = skew < 0 ? "Signature expired" : "Signature not yet current"
            throw AccessError(
                .skewedTime,
                "\(relation): \(text) is more than \(Int(skewMax)) s "
                    + "\(skew < 0 ? "before" : "after") this server's \(SigningTime.format(now)).")
        }
        return text
    }

    /// The time of a request that has a Date in place of X-Amz-Date, in the form that is signed.
    /// The header need not be signed itself: the time is part of what is.
    private func plainDate(_ request: SignableRequest) -> String? {
        guard let text = value("date", request) else { return nil }
        // As mail has it, and botocore.
        let hasMailZone = text.hasSuffix(" -0000") || text.hasSuffix(" +0000")
        let date = HTTPDate.parse(hasMailZone ? "\(text.dropLast(5))GMT" : text)
        return date.map(SigningTime.format) ?? text
    }

    private func checkScope(_ scope: SigningScope) throws(AccessError) {
        guard scope.region == region else {
            throw AccessError(
                .wrongRegion,
                "Credential should be scoped to region '\(region)', not '\(scope.region)'. "
                    + "Set the client's region, such as AWS_DEFAULT_REGION, to it.")
        }
        guard services.contains(scope.service) else {
            throw AccessError(
                .invalidSignature,
                "Credential should be scoped to service "
                    + "\(services.sorted().joined(separator: ", ")), not '\(scope.service)'.")
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
        of request: SignableRequest, _ body: Data
    ) throws(AccessError) -> String {
        let actual = Checksum.sha256(body)
        switch value("x-amz-content-sha256", request) {
        case nil, actual: return actual
        case Self.unsignedPayload:
            throw AccessError(.invalidSignature, "This operation needs a signed payload.")
        default:
            throw AccessError(
                .invalidSignature, "X-Amz-Content-SHA256 is not the hash of the body received.")
        }
    }
}
