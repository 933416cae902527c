import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOPosix
import Service
import Wire

/// Answers requests as operations of the API.
struct APIEndpoint: ServiceEndpoint {
    let service: ServiceContext
    let authenticator: Authenticator
    let rates: RequestRates

    func answer(_ request: Request, _ call: inout APICall) async throws -> Response {
        let route = try Route.find(method: request.method.rawValue, path: call.path)
        call.operation = route.operation.rawValue
        call.isReadOnly = route.operation.isReadOnly
        guard let query = PercentCoding.decodeQuery(call.query) else {
            throw WireError.validation("The query string is not percent-encoded UTF-8.")
        }
        let claim = try await authenticator.claim(request.headers[.authorization])
        call.claimed = claim.principal
        let body = try await request.collectedBody(
            bytesMax: service.limits.bodyBytesMax(route.operation), of: route.operation.rawValue)
        call.isBodyRead = true
        let signable = call.signable(request, query: query)
        try authenticator.verify(claim, signable, body: body, now: service.now())
        call.isVerified = true
        try rates.check(route.operation, now: service.now())
        let headers = Dictionary(
            signable.headers.map { ($0.name.lowercased(), $0.value) },
            uniquingKeysWith: { first, _ in first })
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
        var response = Response.json(
            .init(code: route.operation.definition.status), answer.body, call)
        for (name, value) in answer.headers {
            response.headers[HeaderName.name(name)] = value
        }
        return response
    }

    func failure(_ error: any Error, _ call: APICall) -> EndpointFailure {
        let error = ErrorTranslation.wireError(for: error)
        return EndpointFailure(
            response: .wire(error, call), code: error.code.rawValue, message: error.message,
            isInternal: error.code == .internalServer)
    }
}

extension Response {
    /// An error as the API tells it.
    static func wire(_ error: WireError, _ call: APICall) -> Response {
        let body = (try? JSONEncoder().encode(error.body)) ?? Data("{}".utf8)
        var response = Response.json(.init(code: error.code.httpStatus), body, call)
        response.headers[HeaderName.errorType] = error.code.rawValue
        if let seconds = error.retryAfterSeconds {
            response.headers[.retryAfter] = String(seconds)
        }
        if error.code == .methodNotAllowed {
            let methods = Route.methods(path: call.path)
            response.headers[.allow] = (methods.isEmpty ? ["GET", "HEAD"] : methods)
                .joined(separator: ", ")
        }
        return response
    }
}
