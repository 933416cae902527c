import Hummingbird
import Service
import Wire

/// What a worker answers: how it is.
struct WorkerResponder: HTTPResponder {
    typealias Context = APIRequestContext

    let status: StatusPages

    func respond(to request: Request, context: APIRequestContext) async throws -> Response {
        let call = APICall(request, context)
        do {
            return try await status.page(request, context, call)
                ?? Response(status: .notFound, headers: [.connection: "close"])
        } catch let error as WireError {
            return .wire(error, call)
        }
    }
}
