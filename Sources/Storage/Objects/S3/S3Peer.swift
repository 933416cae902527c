package import Access
package import Cloud
import FoundationEssentials
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

    package let client: SignedClient
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
            if addressing == .host, Self.fitsHost(bucket) {
                request.endpoint = client.endpoint.below(bucket)
                request.path = "/" + (encoded ?? "")
            } else {
                request.path = "/\(bucket)" + (encoded.map { "/\($0)" } ?? "")
            }
        }
        return request
    }

    /// A dot would need another certificate than AWS has, and names of hosts have no upper case.
    private static func fitsHost(_ bucket: String) -> Bool {
        bucket.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
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

    /// The error that a document tells; nil for another document.
    static func document(of body: Data, status: Int) -> ServiceFailure? {
        guard let document = try? S3XML.decode(S3ErrorDocument.self, from: body) else { return nil }
        return ServiceFailure(
            status: status, code: document.Code, message: document.Message ?? "")
    }
}

extension StorageError {
    /// What went wrong at the peer, in the words of stores.
    ///
    /// - Parameters:
    ///   - verb: what was to be done, like `read`.
    ///   - key: nil for the bucket itself.
    /// - Returns: an error that is not the peer's as it is.
    static func of(_ error: any Error, _ verb: String, _ bucket: String, _ key: String? = nil)
        -> any Error
    {
        guard let error = error as? CloudError else { return error }
        let name = key.map { "s3://\(bucket)/\($0)" } ?? "the bucket \(bucket)"
        switch (error.failure?.code, key) {
        case ("NoSuchBucket", _), ("NotFound", nil): return BucketFolder.missing(bucket)
        case ("NoSuchKey", _), ("NotFound", _):
            return StorageError(.noSuchObject, "The object \(name) does not exist.")
        case ("InvalidBucketName", _), ("KeyTooLongError", _):
            return StorageError(.invalidName, "Could not \(verb) \(name): \(error.message)")
        case ("EntityTooLarge", _):
            return StorageError(.tooLarge, "Could not \(verb) \(name): \(error.message)")
        default:
            return StorageError(.unavailable, "Could not \(verb) \(name): \(error.message)")
        }
    }
}
