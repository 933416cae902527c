package import Access
import Base
package import FoundationEssentials
package import Logging
import Wire
import WireAWS

/// Another server that speaks S3: AWS's, MinIO, Ceph and the like.
package struct S3Peer: Sendable {
    /// How requests name their bucket.
    package enum Addressing: Sendable {
        /// First in the path, as every server takes it.
        case path
        /// Before the host's name, as AWS wants it.
        case host
    }

    /// Signs and sends what `request` makes.
    package let client: SignedClient
    /// By host for AWS itself, by path for every other server.
    package let addressing: Addressing

    /// - Parameter endpoint: AWS's own in the region when nil.
    package init(
        connections: HTTPConnections, endpoint: CloudEndpoint?, region: String,
        credentials: Credentials, policy: RetryPolicy = RetryPolicy(),
        ambience: Ambience = Ambience(), logger: Logger
    ) {
        addressing = endpoint == nil ? .host : .path
        client = SignedClient(
            connections: connections, endpoint: endpoint ?? .aws(service: "s3", region: region),
            region: region, service: "s3", credentials: credentials,
            readFailure: Self.failure, policy: policy, ambience: ambience, logger: logger)
    }

    /// - Parameters:
    ///   - bucket: nil for the service itself.
    ///   - key: nil for the bucket itself; not encoded.
    package func request(
        _ method: String, _ bucket: String?, _ key: String? = nil,
        query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: CloudRequest.Body = .bytes(Data())
    ) -> CloudRequest {
        var request = CloudRequest(method, "/", query: query, headers: headers, body: body)
        let encoded = key.map { CanonicalRequest.encode($0, isPath: true) }
        if let bucket {
            if addressing == .host, BucketName(bucket)?.fitsHost == true {
                request.endpoint = client.endpoint.below(bucket)
                request.path = "/" + (encoded ?? "")
            } else {
                request.path = "/\(bucket)" + (encoded.map { "/\($0)" } ?? "")
            }
        }
        return request
    }

    private static func failure(
        status: Int, headers: [(name: String, value: String)], body: Data
    ) -> ServiceFailure {
        if let failure = document(of: body, status: status) {
            let region = headers.first { $0.name.lowercased() == "x-amz-bucket-region" }
            guard let region, [301, 307, 400].contains(status) else { return failure }
            return ServiceFailure(
                status: status, code: failure.code,
                message: "\(failure.message) The bucket is in the region \(region.value).")
        }
        // The answer to HEAD has no body.
        let code =
            switch status {
            case 301, 307: "PermanentRedirect"
            case 400: "BadRequest"
            case 401: "Unauthorized"
            case 403: "AccessDenied"
            case 404: "NotFound"
            case 412: "PreconditionFailed"
            case 416: "InvalidRange"
            case 429, 503: "SlowDown"
            default: "HTTP\(status)"
            }
        return ServiceFailure(status: status, code: code, message: "")
    }

    /// - Returns: the error that a document reports; nil for another document.
    package static func document(of body: Data, status: Int) -> ServiceFailure? {
        guard let document = try? S3XML.decode(S3ErrorDocument.self, from: body) else { return nil }
        return ServiceFailure(
            status: status, code: document.Code, message: document.Message ?? "")
    }
}
