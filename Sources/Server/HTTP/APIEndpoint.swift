import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOPosix
import Service
import Wire

/// Answers requests as operations of the API: finds the operation, has the signature checked, and
/// puts the answer into HTTP.
struct APIEndpoint: ServiceEndpoint {
    let service: ServiceContext
    let authenticator: Authenticator
    let rates: RequestRates

    func answer(_ request: Request, _ call: inout APICall) async throws -> Response {
        let route = try Route.find(method: request.method.rawValue, path: call.path)
        let definition = route.operation.definition
        call.operation = route.operation.rawValue
        call.isReadOnly = route.operation.isReadOnly
        var authenticator = authenticator
        let otherRegion = otherRegion(route.operation, request)
        if let otherRegion { authenticator.region = otherRegion }
        let signed = try await SignedRequest(
            request, &call, query: try call.parameters(),
            bodyBytesMax: service.limits.bodyBytesMax(definition.body),
            authenticator: authenticator, now: service.now)
        try rates.check(
            route.operation, by: signed.caller.principal.accessKeyID, now: service.now())
        let input = try await input(of: route, signed.wire)
        call.input = input
        var answer = try await Operations(context: service, caller: signed.caller).perform(
            route, input: input, payload: signed.wire.body,
            options: CallOptions(header: signed.wire.header))
        if otherRegion != nil {
            answer.body = try WireCoding.encode(ListProjectsResponse(projects: [], nextToken: nil))
        }
        call.answer = answer.body
        return .json(.init(code: definition.status), answer.body, call, fields: answer.headers)
    }

    /// Programs that go through all regions list the projects of each: in every other region there
    /// are none, and they go on. Nothing else can be done there.
    ///
    /// - Returns: the region that ListProjects is signed for, if it is not this server's.
    private func otherRegion(_ operation: Wire.Operation, _ request: Request) -> String? {
        guard operation == .listProjects, let header = request.headers[.authorization],
            let region = (try? Authorization(header: header))?.scope.region
        else { return nil }
        return region == authenticator.region ? nil : region
    }

    /// A large document is parsed on the thread pool, beside which other requests are answered.
    private func input(of route: Route, _ request: WireRequest) async throws -> JSONValue {
        let isQuick =
            request.body.count < Limits.inlineBodyBytesMax
            || route.operation.definition.body == .payload
        return isQuick
            ? try route.input(of: request)
            : try await service.pools.files.runIfActive { try route.input(of: request) }
    }

    func failure(_ error: any Error, _ call: APICall) -> EndpointFailure {
        let error = ErrorTranslation.wireError(for: error)
        return EndpointFailure(
            response: .wire(error, call), code: error.code.rawValue, message: error.message,
            isInternal: error.code == .internalServer)
    }
}
