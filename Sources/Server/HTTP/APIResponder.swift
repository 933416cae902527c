import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Service
import Storage
import Wire

/// Answers HTTP requests: health and metrics without a signature, everything else as an operation
/// of the API.
struct APIResponder: HTTPResponder {
    typealias Context = APIRequestContext

    let service: ServiceContext
    let authenticator: Authenticator
    let rates: RequestRates
    let requests: RequestCounts
    let audit: AuditLog
    let metricsAccess: MetricsAccess
    let version: String

    func respond(to request: Request, context: APIRequestContext) async throws -> Response {
        var call = APICall(request, context)
        let response: Response
        do {
            if let page = try await page(request, context, call) {
                response = page
            } else {
                response = try await answer(request, &call)
            }
        } catch {
            let wire = ErrorTranslation.wireError(for: error)
            if wire.code == .internalServer {
                context.logger.error(
                    "Request failed",
                    metadata: ["requestID": "\(call.requestID)", "error": "\(error)"])
            }
            call.error = wire
            response = failure(wire, call)
        }
        requests.count(call.operation, call.error?.code)
        await audit.record(call, at: service.now(), logger: context.logger)
        return response
    }

    /// What is no operation of the API; nil when the path is one's.
    private func page(_ request: Request, _ context: APIRequestContext, _ call: APICall)
        async throws -> Response?
    {
        let methods = Route.methods(path: call.path)
        if request.method == .options, !methods.isEmpty {
            var response = Response(status: .noContent)
            response.headers[.allow] = (methods + ["OPTIONS"]).sorted().joined(separator: ", ")
            return response
        }
        guard ["/health", "/metrics"].contains(call.path) else { return nil }
        guard request.method == .get || request.method == .head else {
            throw WireError(.methodNotAllowed, "This path takes GET, not \(request.method).")
        }
        if call.path == "/health" {
            return json(
                .ok, Data(#"{"status":"ok","version":"\#(version)"}"#.utf8), call)
        }
        switch metricsAccess {
        case .everyone: break
        case .local where context.isLocal && !isForwarded(request): break
        case .local, .nobody:
            throw WireError(
                .accessDenied, "Metrics are not shown to this address; see --metrics of serve.")
        }
        let text = try await MetricsPage.text(service, requests: requests)
        var response = json(.ok, Data(text.utf8), call)
        response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
        return response
    }

    /// Whether a proxy says that it passes somebody else's request on. Only to refuse more.
    private func isForwarded(_ request: Request) -> Bool {
        request.headers.contains {
            ["forwarded", "via", "x-forwarded-for", "x-real-ip"].contains($0.name.canonicalName)
        }
    }

    private func answer(_ request: Request, _ call: inout APICall) async throws -> Response {
        let route = try Route.find(method: request.method.rawValue, path: call.path)
        call.operation = route.operation
        guard let query = PercentCoding.decodeQuery(call.query) else {
            throw WireError.validation("The query string is not percent-encoded UTF-8.")
        }
        let claim = try await authenticator.claim(request.headers[.authorization])
        call.claimed = claim.principal
        let body = try await body(of: request, route.operation)
        call.isBodyRead = true
        let fields = headers(of: request)
        try authenticator.verify(
            claim,
            SignableRequest(
                method: request.method.rawValue, path: call.path, query: query, headers: fields),
            body: body, now: service.now())
        call.isVerified = true
        try rates.check(route.operation, now: service.now())
        let headers = Dictionary(
            fields.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }
        )
        let wire = WireRequest(
            method: request.method.rawValue, path: call.path, query: query,
            header: { headers[$0.lowercased()] }, body: body)
        // A large document takes seconds in the worst case.
        let input =
            body.count < Limits.inlineBodyBytesMax || route.operation == .detectAnomalies
            ? try route.input(of: wire)
            : try await service.pool.runIfActive { try route.input(of: wire) }
        call.input = input
        let caller = Caller(principal: claim.principal, sourceAddress: call.sourceAddress)
        let answer = try await Operations(context: service, caller: caller).perform(
            route, input: input, payload: body, options: CallOptions { headers[$0] })
        call.answer = answer.body
        var response = json(.init(code: route.operation.definition.status), answer.body, call)
        for (name, value) in answer.headers {
            response.headers[HeaderName.name(name)] = value
        }
        return response
    }

    private func headers(of request: Request) -> [(name: String, value: String)] {
        var fields = request.headers.map { (name: $0.name.rawName, value: $0.value) }
        // The host travels outside the fields.
        if let authority = request.head.authority { fields.append(("host", authority)) }
        return fields
    }

    private func body(of request: Request, _ operation: Wire.Operation) async throws -> Data {
        let limit = service.limits.bodyBytesMax(operation)
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
        } catch {
            // The client went away, or what it sent is no HTTP.
            throw WireError(.serialization, "The body did not arrive whole.")
        }
    }

    private func json(_ status: HTTPResponse.Status, _ body: Data, _ call: APICall) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json"
        headers[HeaderName.requestID] = call.requestID
        guard call.method != .head else {
            headers[.contentLength] = String(body.count)
            return Response(status: status, headers: headers)
        }
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    private func failure(_ error: WireError, _ call: APICall) -> Response {
        let body = (try? JSONEncoder().encode(error.body)) ?? Data("{}".utf8)
        var response = json(.init(code: error.code.httpStatus), body, call)
        response.headers[HeaderName.errorType] = error.code.rawValue
        if let seconds = error.retryAfterSeconds {
            response.headers[.retryAfter] = String(seconds)
        }
        if error.code == .methodNotAllowed {
            let methods = Route.methods(path: call.path)
            response.headers[.allow] = (methods.isEmpty ? ["GET", "HEAD"] : methods)
                .joined(separator: ", ")
        }
        // A body that was not read would be taken for the next request.
        if !call.isBodyRead, call.hasBody { response.headers[.connection] = "close" }
        return response
    }
}

/// One request on its way through the server, with all that the audit log tells about it.
struct APICall: Sendable {
    let requestID = UUID().uuidString.lowercased()
    let method: HTTPRequest.Method
    /// As sent, without the query.
    let path: String
    let query: String
    let sourceAddress: String?
    let userAgent: String?
    let hasBody: Bool
    var operation: Wire.Operation?
    /// Whose key the request names.
    var claimed: Principal?
    /// Whether the signature was right.
    var isVerified = false
    var isBodyRead = false
    var input: JSONValue?
    var answer: Data?
    var error: WireError?

    init(_ request: Request, _ context: APIRequestContext) {
        method = request.method
        let parts = (request.head.path ?? "/").split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts.first.map(String.init) ?? "/"
        query = parts.count > 1 ? String(parts[1]) : ""
        sourceAddress = context.remoteAddress
        userAgent = request.headers[.userAgent]
        hasBody =
            request.headers[.contentLength].map { $0 != "0" }
            ?? (request.headers[.transferEncoding] != nil)
    }
}

private enum HeaderName {
    static let requestID = name("x-amzn-RequestId")
    static let errorType = name("x-amzn-ErrorType")

    static func name(_ text: String) -> HTTPField.Name {
        HTTPField.Name(text) ?? .contentType
    }
}
