import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Service
import Storage
import Vision
import Wire

/// Answers HTTP requests: health without a signature, everything else as an operation of the API.
struct APIResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let operations: Operations
    let verifier: SignatureVerifier
    let version: String
    let now: @Sendable () -> Date

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let requestID = UUID().uuidString.lowercased()
        if request.uri.path == "/health", request.method == .get || request.method == .head {
            return json(
                .ok, Data(#"{"status":"ok","version":"\#(version)"}"#.utf8), requestID: requestID)
        }
        do {
            let (status, body) = try await perform(request)
            return json(.init(code: status), body, requestID: requestID)
        } catch {
            let wire = ErrorTranslation.wireError(for: error)
            if wire.code == .internalServer {
                context.logger.error(
                    "Request failed",
                    metadata: ["requestID": "\(requestID)", "error": "\(error)"])
            }
            return failure(wire, requestID: requestID)
        }
    }

    private func perform(_ request: Request) async throws -> (status: Int, body: Data) {
        let (path, query) = try target(of: request)
        let route = try Route.find(method: request.method.rawValue, path: path)
        let body = try await body(of: request, route.operation)
        let fields = headers(of: request)
        try verifier.verify(
            SignableRequest(
                method: request.method.rawValue, path: path, query: query, headers: fields),
            body: body, now: now())
        let headers = Dictionary(
            fields.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }
        )
        let input = try route.input(
            of: WireRequest(
                method: request.method.rawValue, path: path, query: query,
                header: { headers[$0.lowercased()] }, body: body))
        let answer = try await operations.perform(route, input: input, payload: body)
        return (route.operation.definition.status, answer)
    }

    private func target(of request: Request) throws -> (String, [(name: String, value: String)]) {
        let parts = (request.head.path ?? "/").split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let query = PercentCoding.decodeQuery(parts.count > 1 ? parts[1] : "") else {
            throw WireError.validation("The query string is not percent-encoded UTF-8.")
        }
        return (String(parts[0]), query)
    }

    private func headers(of request: Request) -> [(name: String, value: String)] {
        var fields = request.headers.map { (name: $0.name.rawName, value: $0.value) }
        // The host travels outside the fields.
        if let authority = request.head.authority { fields.append(("host", authority)) }
        return fields
    }

    private func body(of request: Request, _ operation: Wire.Operation) async throws -> Data {
        let limit =
            operation == .detectAnomalies ? VisionLimits.imageBytesMax : Limits.jsonBodyBytesMax
        let tooLarge = WireError(
            .requestTooLarge, "The body may have at most \(limit) bytes for \(operation.rawValue).")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw tooLarge
        }
        do {
            let buffer = try await request.body.collect(upTo: limit)
            return Data(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    private func json(_ status: HTTPResponse.Status, _ body: Data, requestID: String) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json"
        headers[HeaderName.requestID] = requestID
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    private func failure(_ error: WireError, requestID: String) -> Response {
        let body = (try? JSONEncoder().encode(error.body)) ?? Data("{}".utf8)
        var response = json(.init(code: error.code.httpStatus), body, requestID: requestID)
        response.headers[HeaderName.errorType] = error.code.rawValue
        if let seconds = error.retryAfterSeconds {
            response.headers[.retryAfter] = String(seconds)
        }
        // What is left of a body that was not read would be taken for the next request.
        if error.code == .requestTooLarge { response.headers[.connection] = "close" }
        return response
    }
}

private enum HeaderName {
    static let requestID = name("x-amzn-RequestId")
    static let errorType = name("x-amzn-ErrorType")

    private static func name(_ text: String) -> HTTPField.Name {
        HTTPField.Name(text) ?? .contentType
    }
}

/// Errors of all modules in the words of the API.
enum ErrorTranslation {
    static func wireError(for error: any Error) -> WireError {
        switch error {
        case let error as WireError: error
        case let error as AccessError: WireError(code(of: error.code), error.message)
        default:
            // What went wrong is in the log; a client learns nothing about our insides.
            WireError(
                .internalServer, "An internal error happened. The log has it under the request ID.",
                retryAfterSeconds: 1)
        }
    }

    private static func code(of code: AccessError.Code) -> ErrorCode {
        switch code {
        case .missingAuthenticationToken: .missingAuthenticationToken
        case .incompleteSignature: .incompleteSignature
        case .unrecognizedClient: .unrecognizedClient
        case .invalidSignature: .invalidSignature
        }
    }
}
