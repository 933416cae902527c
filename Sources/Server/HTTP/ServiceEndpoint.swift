import Hummingbird

/// The services behind the one port, distinguished by the credential scope of a signature.
enum AWSService: String, Sendable, CaseIterable {
    case lookoutvision
    case s3
    case greengrass
    case sts

    /// How audit records name it.
    var eventSource: String { "\(rawValue).amazonaws.com" }
}

/// What answers the requests of one service.
protocol ServiceEndpoint: Sendable {
    /// Verifies who calls, checks that they may, and does what they ask.
    ///
    /// - Parameter call: gets what the audit log and the metrics record about the request.
    /// - Throws: anything; `failure` puts it into the service's form.
    func answer(_ request: Request, _ call: inout APICall) async throws -> Response

    /// An error in the form that the service's clients read.
    func failure(_ error: any Error, _ call: APICall) -> EndpointFailure
}

/// How a request failed, for the client, the audit log and the metrics.
struct EndpointFailure: Sendable {
    let response: Response
    /// The error's name in the service's own terms.
    let code: String
    let message: String
    /// Whether the log gets the error itself, since the response does not name it.
    let isInternal: Bool
}
