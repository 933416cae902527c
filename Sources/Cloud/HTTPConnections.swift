import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL

/// The connections that all clients of other servers share.
package final class HTTPConnections: Sendable {
    /// Seconds without a byte in either direction after which a connection counts as lost.
    package static let idleSecondsMax: Int64 = 60
    private static let connectSecondsMax: Int64 = 10
    /// To one server; jobs use a few, requests passed on one each.
    private static let connectionsMax = 256
    /// Until the head of an answer is there. Putting 5 GiB over a slow line takes hours.
    private static let answerSecondsMax: Int64 = 6 * 3600

    private let client: HTTPClient

    /// Whose certificates are believed.
    package enum Trust: Sendable, Equatable {
        /// Those of the authorities that the system knows.
        case system
        /// Those of the authorities in a PEM file, and no others.
        case authorities(file: String)
        /// All: for questions whose answers need no belief.
        case anyone

        /// - Parameters:
        ///   - file: PEM; nil for what the system knows.
        ///   - setting: where its name comes from.
        /// - Throws: `trust` when the file has no certificate.
        init(file: String?, of setting: String) throws(CloudError) {
            guard let file else {
                self = .system
                return
            }
            guard let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty else {
                throw CloudError(
                    .trust,
                    "\(setting) names \(file), which cannot be read or has no certificate in PEM "
                        + "form. It must have those of the authorities that servers are believed by."
                )
            }
            self = .authorities(file: file)
        }
    }

    /// - Parameters:
    ///   - idleSecondsMax: seconds without a byte.
    ///   - trust: in servers that are reached by HTTPS.
    package init(
        idleSecondsMax: Int64 = HTTPConnections.idleSecondsMax, trust: Trust = .system
    ) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(Self.connectSecondsMax), read: .seconds(idleSecondsMax),
                write: .seconds(idleSecondsMax)),
            connectionPool: .init(
                idleTimeout: .seconds(30),
                concurrentHTTP1ConnectionsPerHostSoftLimit: Self.connectionsMax),
            decompression: .disabled)
        // Failed attempts are ours to repeat: we count them.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        var tls = TLSConfiguration.makeClientConfiguration()
        switch trust {
        case .system: break
        case .authorities(let file): tls.trustRoots = .file(file)
        case .anyone: tls.certificateVerification = .none
        }
        configuration.tlsConfiguration = tls
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// A client that goes without having been shut down ends the process, so a start that fails
    /// half-way does it here.
    deinit { client.shutdown { _ in } }

    /// Closes all connections. Requests that still run fail, and later ones are refused.
    ///
    /// - Throws: When the connections were shut down before.
    package func shutDown() async throws { try await client.shutdown() }

    /// Sends a request as it is.
    ///
    /// - Throws: `CloudError`; what a body of our own throws, as it is.
    func send(
        _ method: String, _ url: String, _ headers: [(name: String, value: String)],
        _ body: CloudRequest.Body, host: String
    ) async throws -> CloudResponse {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers = HTTPHeaders(headers.map { ($0.name, $0.value) })
        request.body = try Self.clientBody(body)
        do {
            let response = try await client.execute(
                request, deadline: .now() + .seconds(Self.answerSecondsMax))
            return CloudResponse(
                status: Int(response.status.code),
                headers: response.headers.map { ($0.name, $0.value) },
                body: AnswerPieces(base: response.body, host: host))
        } catch {
            throw Self.translated(error, host: host)
        }
    }

    /// Asks for a page once, without a signature.
    ///
    /// - Returns: the status, whatever it is.
    /// - Throws: `CloudError` when no answer came.
    package func status(of endpoint: CloudEndpoint, path: String) async throws -> Int {
        let response = try await send(
            "GET", endpoint.url + path, [], .bytes(Data()), host: endpoint.authority)
        for try await _ in response.body {}
        return response.status
    }

    /// Sends a request without a body, deaf to the cancellation of the task.
    ///
    /// - Returns: the status.
    func sendRegardless(
        _ method: String, _ url: String, _ headers: [(name: String, value: String)]
    ) async throws -> Int {
        let request = try HTTPClient.Request(
            url: url, method: HTTPMethod(rawValue: method),
            headers: HTTPHeaders(headers.map { ($0.name, $0.value) }))
        let response = try await client.execute(
            request: request, deadline: .now() + .seconds(Self.connectSecondsMax)
        ).get()
        return Int(response.status.code)
    }

    private static func clientBody(_ body: CloudRequest.Body) throws -> HTTPClientRequest.Body? {
        switch body {
        case .bytes(let bytes) where bytes.isEmpty: return nil
        case .bytes(let bytes): return .bytes(ByteBuffer(bytes: bytes))
        case .pieces(let length, _, let make):
            return stream(try make(), length: .known(Int64(length)))
        case .once(let length, let pieces):
            return stream(pieces, length: length.map { .known(Int64($0)) } ?? .unknown)
        }
    }

    private static func stream(_ pieces: Pieces, length: HTTPClientRequest.Body.Length)
        -> HTTPClientRequest.Body
    {
        .stream(SentPieces(base: pieces), length: length)
    }

    fileprivate static func translated(_ error: any Error, host: String) -> any Error {
        if let error = error as? SentPieces.Broken { return error.cause }
        if error is CancellationError { return error }
        switch error as? HTTPClientError {
        case .cancelled: return CancellationError()
        case .readTimeout, .writeTimeout, .deadlineExceeded, .connectTimeout,
            .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
            return CloudError(.timeout, "\(host) did not answer in time.")
        // A name that does not resolve, a port that nobody listens on, TLS that fails, a peer that
        // hangs up.
        default:
            return CloudError(.connection, "The connection to \(host) failed: \(error).")
        }
    }
}

/// The body of a request, whose errors can be told from the connection's.
private struct SentPieces: AsyncSequence, Sendable {
    struct Broken: Error {
        let cause: any Error
    }

    let base: Pieces

    func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        var base: any AsyncIteratorProtocol<ByteBuffer, any Error>

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await base.next(isolation: nil)
            } catch {
                throw Broken(cause: error)
            }
        }
    }
}

/// The body of an answer, whose errors are ours.
private struct AnswerPieces: AsyncSequence, Sendable {
    let base: HTTPClientResponse.Body
    let host: String

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), host: host)
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: HTTPClientResponse.Body.AsyncIterator
        let host: String

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await base.next()
            } catch {
                throw HTTPConnections.translated(error, host: host)
            }
        }
    }
}
