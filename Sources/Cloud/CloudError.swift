/// Why a request to another server came to nothing. Neither messages nor failures hold secrets.
package struct CloudError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What callers distinguish; `service` carries the server's own code in `failure`.
    package enum Code: Sendable {
        /// No usable access key, or none that was asked for.
        case credentials
        /// A URL that names no server.
        case endpoint
        /// A file of authorities that has none.
        case trust
        /// No connection, or it was lost.
        case connection
        case timeout
        /// An answer larger than the caller is ready to take.
        case tooLarge
        /// The server answered with an error: see `failure`.
        case service
    }

    /// Decides whether a caller may try again and which error it reports.
    package let code: Code
    /// For logs and job messages; names the server but no secret.
    package let message: String
    /// What the server said; nil unless the code is `service`.
    package let failure: ServiceFailure?

    /// - Parameter failure: Required for the code `service`, and nil for every other.
    package init(_ code: Code, _ message: String, failure: ServiceFailure? = nil) {
        self.code = code
        self.message = message
        self.failure = failure
    }

    /// The message alone, as logs show it.
    package var description: String { message }
}

/// An error in a server's own words.
package struct ServiceFailure: Error, Sendable, Equatable {
    /// HTTP's.
    package let status: Int
    /// The service's, like `NoSuchKey`; the status in words where it names none.
    package let code: String
    /// As the server wrote it; empty when its answer had no readable body.
    package let message: String

    /// Made by each service's `FailureReader` from an answer's status, headers and body.
    package init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    /// Codes that say "later" under a status that does not.
    private static let passingCodes: Set<String> = [
        "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "RequestThrottled",
        "TooManyRequestsException", "RequestAlreadyInProgressException",
    ]

    /// Whether the same request may succeed a little later.
    package var isPassing: Bool {
        status == 429 || (status >= 500 && status != 501) || Self.passingCodes.contains(code)
    }

    /// Whether the server's clock and ours disagree.
    package var isSkew: Bool {
        code == "RequestTimeTooSkewed"
            || (code == "InvalidSignatureException"
                && (message.contains("expired") || message.contains("not yet current")))
    }
}
