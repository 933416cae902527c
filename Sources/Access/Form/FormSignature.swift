import Base
import Crypto
import FoundationEssentials

/// The signature of a browser's form: over the base64 of its policy, by Version 4 or, as forms of
/// before have it, an HMAC of SHA-1.
package struct FormSignature: Sendable {
    private enum Kind {
        case version4(SigningScope, [UInt8])
        case legacy(Data)
    }

    /// As the form claims it; the caller looks up its credentials for `verify`.
    package let accessKeyID: String
    private let policy: String
    private let kind: Kind

    /// - Parameter fields: of the form, by lower-case name.
    /// - Throws: `missingAuthenticationToken` for a form without a policy, `incompleteSignature`
    ///   that names the field which is missing or malformed.
    package init(_ fields: [String: String]) throws(AccessError) {
        guard let policy = fields["policy"] else {
            throw AccessError(
                .missingAuthenticationToken, "The form has no policy, and nothing here is public.")
        }
        self.policy = policy
        if fields["x-amz-algorithm"] != nil || fields["x-amz-credential"] != nil {
            let credential = (fields["x-amz-credential"] ?? "").split(separator: "/")
            guard fields["x-amz-algorithm"] == CanonicalRequest.algorithm, credential.count == 5,
                credential[4] == "aws4_request"
            else {
                throw AccessError(
                    .incompleteSignature,
                    "The form needs x-amz-algorithm=\(CanonicalRequest.algorithm) and "
                        + "x-amz-credential=KEY/DATE/REGION/SERVICE/aws4_request.")
            }
            guard let time = fields["x-amz-date"], SigningTime.parse(time) != nil,
                time.prefix(8) == credential[1]
            else {
                throw AccessError(
                    .incompleteSignature,
                    "The form needs an x-amz-date like 20260131T235959Z, of the date in "
                        + "x-amz-credential.")
            }
            guard let signature = fields["x-amz-signature"] else { throw Self.unsigned }
            accessKeyID = String(credential[0])
            kind = .version4(
                SigningScope(
                    day: String(credential[1]), region: String(credential[2]),
                    service: String(credential[3])), Hex.decode(signature) ?? [])
        } else {
            guard let signature = fields["signature"], let id = fields["awsaccesskeyid"] else {
                throw Self.unsigned
            }
            accessKeyID = id
            kind = .legacy(Data(base64Encoded: signature) ?? Data())
        }
    }

    private static var unsigned: AccessError {
        AccessError(
            .incompleteSignature,
            "Bucket POST must contain a field named 'x-amz-signature', or 'AWSAccessKeyId' and "
                + "'signature'.")
    }

    /// - Parameter region: the server's, which the scope of a signature of Version 4 must have.
    /// - Throws: `wrongRegion`, `invalidSignature`.
    package func verify(credentials: Credentials, region: String) throws(AccessError) {
        let isRight: Bool
        switch kind {
        case .version4(let scope, let signature):
            guard scope.region == region else {
                throw AccessError(
                    .wrongRegion,
                    "x-amz-credential should be scoped to region '\(region)', not "
                        + "'\(scope.region.prefix(40))'.")
            }
            guard scope.service == "s3" else {
                throw AccessError(
                    .invalidSignature,
                    "x-amz-credential should be scoped to service s3, not "
                        + "'\(scope.service.prefix(40))'.")
            }
            // Comparing an authentication code with bytes takes the same time whatever differs.
            isRight =
                CanonicalRequest.signature(
                    of: policy, secret: credentials.secretAccessKey, scope: scope) == signature
        case .legacy(let signature):
            isRight =
                HMAC<Insecure.SHA1>.authenticationCode(
                    for: Data(policy.utf8),
                    using: SymmetricKey(data: Data(credentials.secretAccessKey.utf8))) == signature
        }
        guard isRight else {
            throw AccessError(
                .invalidSignature,
                "The request signature we calculated does not match the signature you provided. "
                    + "Check your secret access key and signing method.")
        }
    }
}
