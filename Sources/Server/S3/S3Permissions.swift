import Access
import Service
import Storage
import Wire
import WireAWS

/// What the caller must be allowed to do for a request to S3.
struct S3Permissions: Sendable {
    let caller: Caller

    /// - Throws: `AccessError.accessDenied`. For DeleteObjects each key is checked on its own.
    func check(_ request: S3Request) throws(AccessError) {
        guard !caller.principal.isRoot, request.operation != .deleteObjects else { return }
        let definition = request.operation.definition
        var access = access(definition.permission, Self.arn(request.bucket, request.key))
        for name in ["prefix", "delimiter", "max-keys"] {
            access.serviceValues["s3:\(name)"] = request.parameter(name)
        }
        try caller.principal.check(access)
        if let source = request.source, definition.isCopy { try check("s3:GetObject", source) }
        if request.header(S3Header.tagging) != nil {
            try check("s3:PutObjectTagging", request.location)
        }
    }

    func check(_ action: String, _ location: ObjectLocation) throws(AccessError) {
        try caller.principal.check(access(action, Self.arn(location.bucket, location.key)))
    }

    private func access(_ action: String, _ resource: String) -> AccessRequest {
        caller.request([action], on: resource)
    }

    private static func arn(_ bucket: String, _ key: String) -> String {
        bucket.isEmpty ? "arn:aws:s3:::*" : "arn:aws:s3:::\(bucket)\(key.isEmpty ? "" : "/\(key)")"
    }
}
