package import Access
package import FoundationEssentials
package import NIOCore

/// Bytes that come one piece after the other.
package typealias Pieces = any AsyncSequence<ByteBuffer, any Error> & Sendable

/// A request that is to be signed and sent.
package struct CloudRequest: Sendable {
    /// The form decides whether the request can be repeated and how its payload is signed.
    package enum Body: Sendable {
        case bytes(Data)
        /// Made again for each attempt, of a known length and hash.
        case pieces(length: Int, SignedPayload, make: @Sendable () throws -> Pieces)
        /// Can be sent once only, so the request is never tried again.
        case once(length: Int?, Pieces)
    }

    /// In upper case, as HTTP sends it.
    package var method: String
    /// Of the client's endpoint; another one under the same key where it is set.
    package var endpoint: CloudEndpoint?
    /// Percent-encoded, beginning with a slash.
    package var path: String
    /// Not encoded.
    package var query: [(name: String, value: String)]
    /// All are signed; `Host`, `Content-Length` and what the signature adds come by themselves.
    package var headers: [(name: String, value: String)]
    /// Empty bytes for requests without a body.
    package var body: Body

    /// The request goes to the client's own endpoint until `endpoint` is set.
    package init(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: Body = .bytes(Data())
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    var isReplayable: Bool {
        if case .once = body { false } else { true }
    }

    var payload: SignedPayload {
        switch body {
        case .bytes(let bytes): .bytes(bytes)
        case .pieces(_, let payload, _): payload
        case .once: .unsigned
        }
    }
}

/// An answer whose body is still to come. Dropping it closes the connection.
package struct CloudResponse: Sendable {
    /// HTTP's. `SignedClient.pass` returns every status, `send` only successful ones.
    package let status: Int
    /// As received, in their order; `header(_:)` compares names without case.
    package let headers: [(name: String, value: String)]
    /// Throws `CloudError` when the connection is lost on the way.
    package let body: Pieces

    /// Made by `HTTPConnections`, and by tests that stand in for a server.
    package init(status: Int, headers: [(name: String, value: String)], body: Pieces) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// - Parameter name: in any case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }

    /// Bytes that `Content-Length` announces; nil for a chunked answer.
    package var length: Int? { header("content-length").flatMap { Int($0) } }

    /// - Throws: `tooLarge` once more than `bytesMax` bytes came.
    package func collect(bytesMax: Int) async throws -> Data {
        let tooLarge = CloudError(
            .tooLarge, "The answer has more than the \(bytesMax) bytes that were expected.")
        if let length, length > bytesMax { throw tooLarge }
        var all = Data()
        for try await piece in body {
            guard all.count + piece.readableBytes <= bytesMax else { throw tooLarge }
            piece.withUnsafeReadableBytes { all.append(contentsOf: $0) }
        }
        return all
    }
}

extension Data {
    /// Copies the readable bytes; the buffer's reader index stays where it is.
    package init(_ piece: ByteBuffer) {
        self = piece.withUnsafeReadableBytes { Data($0) }
    }
}
