import Base

/// A signature of Version 4 as a request presents it: in the `Authorization` header, or in the
/// query of a presigned URL.
package struct Authorization: Sendable, Equatable {
    /// Longest life of a presigned URL: a week, as AWS has it.
    package static let expiresSecondsMax = 604_800

    /// As the request claims it; proved only by `SignatureVerifier`.
    package let accessKeyID: String
    /// As the request claims it: the verifier compares region and service with its own.
    package let scope: SigningScope
    /// Lower case, in order.
    package let signedHeaders: [String]
    /// The 32 bytes of the HMAC that the client sent, decoded from hex; none when it is not hex.
    package let signature: [UInt8]
    /// Seconds that a presigned URL is good for; nil for the header.
    package let expiresSeconds: Int?

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
        try self.init(
            credential: fields["Credential"].map(String.init),
            signedHeaders: fields["SignedHeaders"].map(String.init),
            signature: fields["Signature"].map(String.init), expiresSeconds: nil,
            names: ("Authorization", "Credential", "SignedHeaders", "Signature"))
    }

    /// - Parameter query: of a presigned URL, percent-decoded.
    /// - Throws: `missingAuthenticationToken` for a query without a signature,
    ///   `incompleteSignature` naming the parameter that is missing or malformed.
    package init(query: [(name: String, value: String)]) throws(AccessError) {
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        guard value("X-Amz-Algorithm") == CanonicalRequest.algorithm else {
            throw AccessError(
                .missingAuthenticationToken,
                "X-Amz-Algorithm must be \(CanonicalRequest.algorithm).")
        }
        guard let expires = value("X-Amz-Expires").flatMap({ Int($0) }),
            (1...Self.expiresSecondsMax).contains(expires)
        else {
            throw AccessError(
                .expired,
                "X-Amz-Expires must be 1 to \(Self.expiresSecondsMax) seconds.")
        }
        try self.init(
            credential: value("X-Amz-Credential"), signedHeaders: value("X-Amz-SignedHeaders"),
            signature: value("X-Amz-Signature"), expiresSeconds: expires,
            names: (
                "The query", "X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature"
            ))
    }

    private init(
        credential: String?, signedHeaders: String?, signature: String?, expiresSeconds: Int?,
        names: (place: String, credential: String, headers: String, signature: String)
    ) throws(AccessError) {
        guard let credential = credential?.split(separator: "/"), credential.count == 5,
            credential[4] == "aws4_request"
        else {
            throw AccessError(
                .incompleteSignature,
                "\(names.place) needs \(names.credential)=KEY/DATE/REGION/SERVICE/aws4_request.")
        }
        guard let signed = signedHeaders?.split(separator: ";"), !signed.isEmpty else {
            throw AccessError(.incompleteSignature, "\(names.place) needs \(names.headers).")
        }
        guard let hex = signature else {
            throw AccessError(
                .incompleteSignature,
                "\(names.place) needs a \(names.signature) of 64 hexadecimal digits.")
        }
        accessKeyID = String(credential[0])
        scope = SigningScope(
            day: String(credential[1]), region: String(credential[2]),
            service: String(credential[3]))
        self.signedHeaders = signed.map { $0.lowercased() }
        // One of another form is a wrong one, for the verifier to say once the key is known.
        self.signature = Hex.decode(hex) ?? []
        self.expiresSeconds = expiresSeconds
    }
}
