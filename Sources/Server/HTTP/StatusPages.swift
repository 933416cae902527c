import Administration
import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import Service
import Storage
import Wire

/// What watchers of a process ask, without a signature: `/health` (it is alive), `/health/ready`
/// (it reaches its database, and has room on its disk) and `/metrics`.
struct StatusPages: Sendable {
    static let paths = ["/health", "/health/ready", "/metrics"]

    let service: ServiceContext
    let requests: RequestCounts
    let membership: Membership
    /// nil where no operation is answered.
    var rates: RequestRates?
    let metricsAccess: MetricsAccess
    let version: String
    /// What the disk of the data directory has left; nil where the system does not say.
    let freeBytes: @Sendable () -> Int?

    /// - Returns: nil for another path.
    func page(_ request: Request, _ context: APIRequestContext, _ call: APICall) async throws
        -> Response?
    {
        guard Self.paths.contains(call.path) else { return nil }
        guard request.method == .get || request.method == .head else {
            throw WireError(.methodNotAllowed, "This path takes GET, not \(request.method).")
        }
        switch call.path {
        case "/health": return state(.ok, "ok", call)
        case "/health/ready":
            do {
                _ = try await service.metadata.read { try $0.countProjects() }
                if let free = freeBytes(), free < DiskSpace.reservedBytes {
                    return state(
                        .serviceUnavailable,
                        "the disk has \(free >> 20) MiB left; nothing is taken below "
                            + "\(DiskSpace.reservedBytes >> 20) MiB", call)
                }
                return state(.ok, "ok", call)
            } catch {
                context.logger.warning("Not ready", metadata: ["error": "\(error)"])
                return state(.serviceUnavailable, "the database is out of reach", call)
            }
        default: return try await metrics(request, context, call)
        }
    }

    private func state(_ status: HTTPResponse.Status, _ text: String, _ call: APICall) -> Response {
        .json(status, Data(#"{"status":"\#(text)","version":"\#(version)"}"#.utf8), call)
    }

    private func metrics(_ request: Request, _ context: APIRequestContext, _ call: APICall)
        async throws -> Response
    {
        switch metricsAccess {
        case .everyone: break
        case .local where context.isLocal && !isForwarded(request): break
        case .local, .nobody:
            throw WireError(
                .accessDenied, "Metrics are not shown to this address; see --metrics.")
        }
        let text = try await MetricsPage.text(
            service, requests: requests, members: membership.members, share: rates?.share)
        var response = Response.json(.ok, Data(text.utf8), call)
        response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
        return response
    }

    /// Whether a proxy says that it passes somebody else's request on. Only to refuse more.
    private func isForwarded(_ request: Request) -> Bool {
        request.headers.contains {
            ["forwarded", "via", "x-forwarded-for", "x-real-ip"].contains($0.name.canonicalName)
        }
    }
}
