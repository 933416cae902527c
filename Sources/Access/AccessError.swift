/// Why a request's signature was not accepted.
package struct AccessError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The request carries no signature.
        case missingAuthenticationToken
        /// The signature's form is broken.
        case incompleteSignature
        /// Nobody has this access key.
        case unrecognizedClient
        /// The signature, its scope or the payload's hash is wrong.
        case invalidSignature
        /// The caller's clock is too far from ours.
        case skewedTime
        /// A presigned URL that was good once.
        case expired
        /// Signed for another region than this server's.
        case wrongRegion
        /// The caller's policy does not allow it.
        case accessDenied
        /// The document is no policy.
        case invalidPolicy
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
