import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import Wire
import WireAWS

/// What a bucket is configured to be: who may read it from other origins, which can be put, and all
/// that cannot, for which the answers are those of a bucket of Amazon's that was just made.
struct BucketConfigurations: Sendable {
    let store: DirectoryStore
    let owner: S3Owner

    /// - Precondition: the bucket is there.
    func answer(_ request: S3Request, _ payload: S3Payload) async throws -> Response {
        switch request.operation {
        case .putBucketCORS:
            let document = try await payload.document(
                CORSConfiguration.self, root: "CORSConfiguration", elementsMax: 4_096,
                bytesMax: CORSConfiguration.documentBytesMax)
            try document.check()
            try await store.setSettings(
                JSONCoding.encode(BucketSettings(crossOrigin: document)), of: request.bucket)
            return Response(status: .ok)
        case .deleteBucketCORS:
            try await store.setSettings(nil, of: request.bucket)
            return Response(status: .noContent)
        case .getBucketCORS:
            guard let found = try await crossOrigin(request.bucket) else {
                throw Self.missing(
                    .noSuchCORSConfiguration, "The CORS configuration does not exist", request)
            }
            return try .xml(found, root: "CORSConfiguration")
        case .putBucketACL:
            return try await AccessLists.answer(request, payload, owner: owner)
        case .putObjectACL:
            guard try await store.object(request.location) != nil else {
                throw S3Error.noSuchKey(request)
            }
            return try await AccessLists.answer(request, payload, owner: owner)
        case .getObjectACL:
            guard try await store.object(request.location) != nil else {
                throw S3Error.noSuchKey(request)
            }
            return try .xml(AccessControlPolicy(owner: owner), root: "AccessControlPolicy")
        default: return try unconfigured(request)
        }
    }

    /// - Returns: nil for a bucket without rules.
    /// - Throws: `StorageError`.
    func crossOrigin(_ bucket: String) async throws -> CORSConfiguration? {
        guard let bytes = try await store.settings(bucket) else { return nil }
        return try JSONCoding.decode(BucketSettings.self, from: bytes).crossOrigin
    }

    /// What is the same for every bucket.
    private func unconfigured(_ request: S3Request) throws -> Response {
        let empty = EmptyDocument()
        switch request.operation {
        case .getBucketVersioning: return try .xml(empty, root: "VersioningConfiguration")
        case .getBucketLogging: return try .xml(empty, root: "BucketLoggingStatus")
        case .getBucketNotification: return try .xml(empty, root: "NotificationConfiguration")
        case .getBucketAccelerate: return try .xml(empty, root: "AccelerateConfiguration")
        case .getBucketRequestPayment:
            return try .xml(RequestPayment(), root: "RequestPaymentConfiguration")
        case .getBucketEncryption:
            return try .xml(BucketEncryption(), root: "ServerSideEncryptionConfiguration")
        case .getBucketACL:
            return try .xml(AccessControlPolicy(owner: owner), root: "AccessControlPolicy")
        case .getBucketTagging:
            throw Self.missing(.noSuchTagSet, "The TagSet does not exist", request)
        case .getBucketPolicy:
            throw Self.missing(.noSuchBucketPolicy, "The bucket policy does not exist", request)
        case .getBucketLifecycle:
            throw Self.missing(
                .noSuchLifecycleConfiguration, "The lifecycle configuration does not exist",
                request)
        case .getBucketWebsite:
            throw Self.missing(
                .noSuchWebsiteConfiguration,
                "The specified bucket does not have a website configuration", request)
        case .getBucketReplication:
            throw Self.missing(
                .noSuchReplication, "The replication configuration was not found", request)
        case .getPublicAccessBlock:
            throw Self.missing(
                .noSuchPublicAccessBlock, "The public access block configuration was not found",
                request)
        case .getBucketOwnership:
            throw Self.missing(
                .noSuchOwnershipControls, "The bucket ownership controls were not found", request)
        case .getObjectLock:
            throw Self.missing(
                .noSuchObjectLock, "Object Lock configuration does not exist for this bucket",
                request)
        default:
            throw S3Error(
                .notImplemented, "\(request.operation.rawValue) is not a bucket's configuration.")
        }
    }

    private static func missing(_ code: S3ErrorCode, _ message: String, _ request: S3Request)
        -> S3Error
    {
        S3Error(code, message, details: ["BucketName": request.bucket])
    }
}

/// The file of a bucket's configuration, in JSON. Members may be added, each of them optional.
struct BucketSettings: Codable {
    var crossOrigin: CORSConfiguration?
}
