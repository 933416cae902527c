import FoundationEssentials
import HTTPTypes
import Hummingbird
import WireAWS

/// Answers what browsers ask before a page of another origin may use a bucket, and adds to other
/// answers what lets such a page read them. A page proves nothing by its origin: every request but
/// the preflight needs its signature.
struct S3CrossOrigin: Sendable {
    let backend: any S3Backend

    private static let origin = HeaderName.name("origin")
    private static let requestedMethod = HeaderName.name("access-control-request-method")
    private static let requestedHeaders = HeaderName.name("access-control-request-headers")

    /// - Throws: `invalidRequest` for what is not a preflight, `accessForbidden` when the bucket
    ///   has no rule that fits.
    func preflight(_ request: Request, _ bucket: String) async throws -> Response {
        guard let origin = request.headers[Self.origin], !origin.isEmpty else {
            throw S3Error(
                .invalidRequest, "Insufficient information. Origin request header needed.")
        }
        guard let method = request.headers[Self.requestedMethod] else {
            throw S3Error(.invalidRequest, "Invalid Access-Control-Request-Method: null")
        }
        guard let rules = await rules(bucket) else {
            throw S3Error(
                .accessForbidden, "CORSResponse: CORS is not enabled for this bucket.")
        }
        let names = (request.headers[Self.requestedHeaders] ?? "")
            .split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
        guard
            let headers = rules.headers(origin: origin, method: method, requestedHeaders: names)
        else {
            throw S3Error(
                .accessForbidden,
                "CORSResponse: This CORS request is not allowed. This is usually because the "
                    + "evaluation of Origin, request method / Access-Control-Request-Method or "
                    + "Access-Control-Request-Headers are not whitelisted by the resource's CORS "
                    + "spec.")
        }
        return Response(status: .ok, headers: Self.fields(headers))
    }

    /// Of a request that is not a preflight; none when no rule fits, so that the browser keeps the
    /// answer from the page.
    func fields(_ request: Request, _ bucket: String) async -> HTTPFields {
        guard let origin = request.headers[Self.origin], !origin.isEmpty,
            let rules = await rules(bucket)
        else { return HTTPFields() }
        return Self.fields(
            rules.headers(
                origin: origin, method: request.method.rawValue, requestedHeaders: nil) ?? [])
    }

    /// nil also when the rules cannot be had.
    private func rules(_ bucket: String) async -> CORSConfiguration? {
        bucket.isEmpty ? nil : try? await backend.crossOrigin(bucket)
    }

    private static func fields(_ headers: [(name: String, value: String)]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in headers { fields[named: name] = value }
        return fields
    }
}
