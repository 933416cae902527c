/// Why a request's signature was not accepted.
package struct AccessError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each service's protocol translates these into its own error names and statuses.
    package enum Code: Sendable {
        /// The request carries no signature.
        case missingAuthenticationToken
        /// The signature's form is broken.
        case incompleteSignature
        /// The request's time is missing or malformed.
        case missingTime
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
        /// The request says something twice or frames its body in an unknown way, so that two
        /// readers could take it for two requests.
        case ambiguousRequest
        /// The document is no policy.
        case invalidPolicy
    }

    /// Decides the HTTP status and the error name that the client receives.
    package let code: Code
    /// For the client: contains no secret, no expected signature and no canonical request.
    package let message: String

    /// - Parameter message: A whole sentence that may be sent to the client.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message alone, as logs show it.
    package var description: String { message }
}
