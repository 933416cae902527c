import Access
import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import Service
import Wire

/// Takes every HTTP request: has health and metrics answered, and hands the rest to the service
/// that the request is signed for.
struct FrontDoor: HTTPResponder {
    typealias Context = APIRequestContext

    let service: ServiceContext
    let endpoints: [AWSService: any ServiceEndpoint]
    let status: StatusPages
    let requests: RequestCounts
    let audit: AuditLog
    /// nil where the console's files are not there.
    var console: ConsoleEndpoint?

    func respond(to request: Request, context: APIRequestContext) async throws -> Response {
        var call = APICall(request, context)
        let signed = Self.signedService(of: request.head)
        if let console, ConsoleEndpoint.takes(request.head, call, signed: signed) {
            return await console.answer(request, call, context.logger)
        }
        call.service = Self.service(of: request.head, signed: signed)
        let foreign = signed.flatMap { ForeignService($0, request.head) }
        let endpoint: (any ServiceEndpoint)? =
            foreign ?? endpoints[call.service] ?? endpoints[.lookoutvision]
        guard let endpoint else { return Response(status: .notFound) }
        var response: Response
        do {
            try RequestForm.check(request, call)
            if foreign == nil, let page = try await page(request, context, call) {
                response = page
            } else {
                response = try await endpoint.answer(request, &call)
            }
        } catch {
            let failure = endpoint.failure(error, call)
            if failure.isInternal {
                context.logger.error(
                    "Request failed",
                    metadata: ["requestID": "\(call.requestID)", "error": "\(error)"])
            }
            call.error = (failure.code, failure.message)
            response = failure.response
        }
        // A body that was not read would be taken for the next request.
        if !call.isBodyRead, call.hasBody, call.error != nil {
            response.headers[.connection] = "close"
        }
        requests.count(call.service, call.operation, call.error?.code)
        await audit.record(call, at: service.now(), logger: context.logger)
        return response
    }

    /// The service in the credential scope. For a request that names none the API's own, unless
    /// its host names a bucket.
    static func service(of head: HTTPRequest) -> AWSService {
        service(of: head, signed: signedService(of: head))
    }

    /// - Parameter signed: what `signedService` returned.
    private static func service(of head: HTTPRequest, signed: String?) -> AWSService {
        if let service = signed.flatMap(AWSService.init(rawValue:)) { return service }
        if let authorization = head.headerFields[.authorization] {
            // Version 2, which only S3 had; what names no service is taken by its address.
            let isLegacy = authorization.hasPrefix("AWS ")
            return isLegacy || signed == nil && namesBucket(head) ? .s3 : .lookoutvision
        }
        // Only S3 has presigned URLs, also those of the way that came before Version 4.
        let isPresigned = queryPairs(head).contains {
            $0.hasPrefix(credentialPrefix) || $0.hasPrefix("AWSAccessKeyId=")
        }
        let isPage = StatusPages.paths.contains { head.path?.hasPrefix($0) ?? false }
        let isBucket = S3Request.hostedBucket(head.authority) != nil || namesBucket(head)
        return isPresigned || isBucket && !isPage ? .s3 : .lookoutvision
    }

    private static let credentialPrefix = "X-Amz-Credential="

    private static func queryPairs(_ head: HTTPRequest) -> [Substring] {
        let query = (head.path ?? "").split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        return query.split(separator: "&")
    }

    /// The service's name in the credential scope of a header or of a presigned URL, known here or
    /// not; nil for a request without one.
    static func signedService(of head: HTTPRequest) -> String? {
        if let authorization = head.headerFields[.authorization] {
            return (try? Authorization(header: authorization))?.scope.service
        }
        let prefix = credentialPrefix
        guard let credential = queryPairs(head).first(where: { $0.hasPrefix(prefix) }) else {
            return nil
        }
        let parts = PercentCoding.decode(credential.dropFirst(prefix.count))?.split(separator: "/")
        return parts.flatMap { $0.count == 5 ? String($0[3]) : nil }
    }

    /// Whether the path of an unsigned request is a bucket's or an object's rather than one of an
    /// API: pages of other origins and anonymous clients ask so.
    private static func namesBucket(_ head: HTTPRequest) -> Bool {
        let path = (head.path ?? "").prefix { $0 != "?" }
        let parts = path.split(separator: "/", maxSplits: 2)
        guard let first = parts.first else { return [.get, .head].contains(head.method) }
        let isTags = first == "tags" && parts.count > 1 && parts[1].hasPrefix("arn")
        return BucketName(String(first)) != nil && !apiRoots.contains(first) && !isTags
    }

    /// First parts of the paths of the API and of Greengrass.
    private static let apiRoots: Set<Substring> = ["2020-11-20", "greengrass"]

    /// What is no operation of a service; nil when the path is one's.
    private func page(_ request: Request, _ context: APIRequestContext, _ call: APICall)
        async throws -> Response?
    {
        guard call.service == .lookoutvision else { return nil }
        let methods = Route.methods(path: call.path)
        if request.method == .options, !methods.isEmpty {
            var response = Response(status: .noContent)
            response.headers[.allow] = (methods + ["OPTIONS"]).sorted().joined(separator: ", ")
            return response
        }
        return try await status.page(request, context, call)
    }
}
