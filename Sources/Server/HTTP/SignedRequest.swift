import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import Wire

/// A request whose signature in the Authorization header was right, read whole.
struct SignedRequest: Sendable {
    let caller: Caller
    /// Method, path, query, headers and body as they were signed.
    let wire: WireRequest

    /// Looks up the key that the request names, reads the body up to `bodyBytesMax` and checks the
    /// signature, and notes each of these in `call`, which gets its `operation` before.
    ///
    /// - Parameter query: `call.parameters()`.
    /// - Throws: `AccessError`; `requestTooLarge` and `serialization`, as `collectedBody` does.
    init(
        _ request: Request, _ call: inout APICall, query: [(name: String, value: String)],
        bodyBytesMax: Int, authenticator: Authenticator, now: @Sendable () -> Date
    ) async throws {
        let claim = try await authenticator.claim(request.headers[.authorization])
        call.claimed = claim.principal
        let signable = call.signable(request, query: query)
        let operation = call.operation ?? call.path
        let announced = try request.announcedBytes(max: bodyBytesMax, of: operation)
        let body = try await authenticator.bodies.holding(announced, from: call.sourceAddress) {
            let body = try await request.collectedBody(bytesMax: bodyBytesMax, of: operation)
            call.isBodyRead = true
            try authenticator.verify(claim, signable, body: body, now: now())
            return body
        }
        call.isVerified = true
        let headers = Dictionary(
            signable.headers.map { ($0.name.lowercased(), $0.value) },
            uniquingKeysWith: { first, _ in first })
        caller = call.caller(claim.principal)
        wire = WireRequest(
            method: request.method.rawValue, path: call.path, query: query,
            header: { headers[$0.lowercased()] }, body: body)
    }
}

extension APICall {
    /// The request as signatures cover it.
    func signable(_ request: Request, query: [(name: String, value: String)]) -> SignableRequest {
        var fields = request.headers.map { (name: $0.name.rawName, value: $0.value) }
        // The host travels outside the fields.
        if let authority = request.head.authority { fields.append(("host", authority)) }
        return SignableRequest(
            method: request.method.rawValue, path: path, query: query, headers: fields)
    }
}

extension Request {
    private func tooLarge(_ bytesMax: Int, _ operation: String) -> WireError {
        WireError(
            .requestTooLarge, "The body may have at most \(bytesMax) bytes for \(operation).")
    }

    /// How many bytes the body has, at most; `max` when its chunks will show.
    ///
    /// - Throws: `requestTooLarge` for more than `max`.
    func announcedBytes(max: Int, of operation: String) throws(WireError) -> Int {
        guard let length = headers[.contentLength].flatMap({ Int($0) }) else {
            return headers[.transferEncoding] == nil ? 0 : max
        }
        guard length <= max else { throw tooLarge(max, operation) }
        return length
    }

    /// The whole body.
    ///
    /// - Throws: `requestTooLarge`, before anything is read where the length is announced;
    ///   `serialization` when the body does not arrive whole.
    func collectedBody(bytesMax: Int, of operation: String) async throws -> Data {
        _ = try announcedBytes(max: bytesMax, of: operation)
        do {
            let buffer = try await body.collect(upTo: bytesMax)
            return Data(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw tooLarge(bytesMax, operation)
        } catch is ClientPaceHandler.SlowClient {
            throw WireError(
                .serialization,
                "The body did not arrive in time: it comes at less than "
                    + "\(ConnectionLimits.bytesPerSecondMin >> 10) KiB a second. Send it again.")
        } catch {
            // The client went away, or what it sent is not HTTP.
            throw WireError(
                .serialization,
                "The body did not arrive whole: the connection ended before it. Send it again.")
        }
    }
}
