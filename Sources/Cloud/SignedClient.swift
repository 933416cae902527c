package import Access
package import FoundationEssentials
package import Logging
import NIOCore
import Wire

/// A client of one service of AWS's protocols: signs requests, and repeats those that failed for a
/// reason that may pass.
package final class SignedClient: Sendable {
    /// Turns the status, headers and body of an error into the service's words.
    package typealias FailureReader =
        @Sendable (_ status: Int, _ headers: [(name: String, value: String)], _ body: Data) ->
        ServiceFailure

    /// Bytes of an error's body; longer ones are cut.
    private static let failureBytesMax = 65_536
    /// AWS's least patience with clocks, but for S3's.
    private static let skewSecondsMax = SignatureVerifier.skewSecondsMax

    /// Where requests go that do not name an endpoint of their own.
    package let endpoint: CloudEndpoint
    /// Every signature is for this region.
    package let region: String
    /// Shared with downloads and uploads that repeat their own parts.
    package let ambience: Ambience
    /// Applies to `send`; `pass` sends once.
    package let policy: RetryPolicy
    private let connections: HTTPConnections
    private let signer: RequestSigner
    private let readFailure: FailureReader
    private let clockOffset = ClockOffset()
    private let logger: Logger

    /// - Parameters:
    ///   - service: signing name.
    ///   - logger: is told of repeated requests, without headers and query.
    package init(
        connections: HTTPConnections, endpoint: CloudEndpoint, region: String, service: String,
        credentials: Credentials, readFailure: @escaping FailureReader,
        policy: RetryPolicy = RetryPolicy(), ambience: Ambience = Ambience(), logger: Logger
    ) {
        self.connections = connections
        self.endpoint = endpoint
        self.region = region
        self.policy = policy
        self.ambience = ambience
        signer = RequestSigner(credentials: credentials, region: region, service: service)
        self.readFailure = readFailure
        self.logger = logger
    }

    /// Sends a request once.
    ///
    /// - Returns: the answer, whatever its status.
    package func pass(_ request: CloudRequest) async throws -> CloudResponse {
        let signed = signed(request)
        return try await connections.send(
            request.method, signed.url, signed.headers, request.body,
            host: (request.endpoint ?? endpoint).authority)
    }

    /// Sends a request without a body once, even in a task that was cancelled, for what should be
    /// tidied up in any case. Whether it succeeds is only logged.
    package func passRegardless(_ request: CloudRequest) async {
        let signed = signed(request)
        do {
            let status = try await connections.sendRegardless(
                request.method, signed.url, signed.headers)
            guard !(200...299).contains(status), status != 404 else { return }
            logger.warning(
                "A request was refused",
                metadata: [
                    "method": "\(request.method)", "path": "\(request.path)",
                    "status": "\(status)",
                ])
        } catch {
            logger.warning(
                "A request failed",
                metadata: ["method": "\(request.method)", "path": "\(request.path)"])
        }
    }

    /// As the server has it, as far as is known.
    private var now: Date { ambience.now().addingTimeInterval(clockOffset.value) }

    private func signed(_ request: CloudRequest) -> (
        url: String, headers: [(name: String, value: String)]
    ) {
        let endpoint = request.endpoint ?? endpoint
        var headers = request.headers
        headers.append(("Host", endpoint.authority))
        let signable = SignableRequest(
            method: request.method, path: request.path, query: request.query, headers: headers)
        headers += signer.headers(for: signable, payload: request.payload, now: now)
        // Not signed: the client sets it where there is a body, and some servers miss it elsewhere.
        if case .bytes(let bytes) = request.body, bytes.isEmpty,
            ["PUT", "POST"].contains(request.method)
        {
            headers.append(("Content-Length", "0"))
        }
        let query = request.query.isEmpty ? "" : "?" + CanonicalRequest.query(request.query)
        return (endpoint.url + request.path + query, headers)
    }

    /// Sends a request until it is answered well.
    ///
    /// - Returns: an answer with a status of 200 to 299.
    /// - Throws: `CloudError` once no further attempt is left; what a body of the caller's throws.
    package func open(_ request: CloudRequest) async throws -> CloudResponse {
        var attempts = Attempts(policy, ambience)
        return try await open(request, &attempts)
    }

    /// Sends a request until it is answered well and the whole answer is there.
    ///
    /// - Parameter bytesMax: of the answer.
    package func send(_ request: CloudRequest, bytesMax: Int) async throws -> (
        response: CloudResponse, body: Data
    ) {
        var attempts = Attempts(policy, ambience)
        while true {
            let response = try await open(request, &attempts)
            do {
                // The length in an answer to HEAD is that of GET's body; there is none to wait for.
                if request.method == "HEAD" {
                    for try await _ in response.body {}
                    return (response, Data())
                }
                return (response, try await response.collect(bytesMax: bytesMax))
            } catch let error as CloudError where error.code != .tooLarge {
                guard request.isReplayable, try await attempts.waitsForNext() else { throw error }
                note(request, error, attempts)
            }
        }
    }

    private func open(_ request: CloudRequest, _ attempts: inout Attempts) async throws
        -> CloudResponse
    {
        while true {
            switch try await attempt(request) {
            case .answer(let response): return response
            case .skewed(let error, let date):
                guard request.isReplayable, let date, attempts.mayAdoptClock() else { throw error }
                clockOffset.adopt(date, now: ambience.now())
                note(request, error, attempts)
            case .failed(let error, let wanted):
                guard request.isReplayable, try await attempts.waitsForNext(wanted: wanted) else {
                    throw error
                }
                note(request, error, attempts)
            }
        }
    }

    private enum Outcome {
        case answer(CloudResponse)
        /// The server's time, if it says so.
        case skewed(CloudError, Date?)
        /// May pass; with the seconds that the server wants to be left alone.
        case failed(CloudError, wanted: Double?)
    }

    /// - Throws: what no other attempt would change.
    private func attempt(_ request: CloudRequest) async throws -> Outcome {
        do {
            let response = try await pass(request)
            if (200...299).contains(response.status) { return .answer(response) }
            let failure = try await failure(of: response)
            let error = refusal(failure, request)
            let date = response.header("date").flatMap(HTTPDate.parse)
            // The answer to HEAD names no reason.
            let isAmiss =
                failure.status == 403 && failure.message.isEmpty
                && abs(date.map { $0.timeIntervalSince(now) } ?? 0) > Self.skewSecondsMax
            if failure.isSkew || isAmiss { return .skewed(error, date) }
            guard failure.isPassing else { throw error }
            return .failed(error, wanted: response.header("retry-after").flatMap { Double($0) })
        } catch let error as CloudError where [.connection, .timeout].contains(error.code) {
            return .failed(error, wanted: nil)
        }
    }

    private func refusal(_ failure: ServiceFailure, _ request: CloudRequest) -> CloudError {
        let host = (request.endpoint ?? endpoint).authority
        let text = failure.message.isEmpty ? "no reason given" : failure.message
        return CloudError(
            .service, "\(host) answered \(failure.code) (\(failure.status)): \(text)",
            failure: failure)
    }

    private func failure(of response: CloudResponse) async throws -> ServiceFailure {
        var body = Data()
        for try await piece in response.body {
            piece.withUnsafeReadableBytes { body.append(contentsOf: $0) }
            if body.count >= Self.failureBytesMax { break }
        }
        return readFailure(response.status, response.headers, body)
    }

    private func note(_ request: CloudRequest, _ error: CloudError, _ attempts: Attempts) {
        logger.info(
            "A request is sent again",
            metadata: [
                "method": "\(request.method)", "path": "\(request.path)",
                "attempt": "\(attempts.count)", "reason": "\(error.message)",
            ])
    }
}
