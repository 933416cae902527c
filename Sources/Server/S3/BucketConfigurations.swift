import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Storage
import Wire
import WireAWS

/// What a bucket is configured to be: what can be put, such as who may read it from other origins,
/// and all that cannot, for which the answers are those of a bucket of Amazon's that was just made.
struct BucketConfigurations: Sendable {
    let store: DirectoryStore
    let owner: S3Owner

    /// - Precondition: the bucket is there.
    func answer(_ request: S3Request, _ payload: S3Payload) async throws -> Response {
        switch request.operation {
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
        case .getBucketCORS, .getBucketTagging, .getPublicAccessBlock, .getBucketOwnership:
            return try configured(request, try await settings(request.bucket))
        default:
            if request.operation.isReadOnly { return try unconfigured(request) }
            try await put(request, payload)
            return Response(
                status: request.operation.definition.method == "DELETE"
                    || request.operation == .putBucketTagging ? .noContent : .ok)
        }
    }

    /// Keeps or removes one of the configurations that can be put.
    private func put(_ request: S3Request, _ payload: S3Payload) async throws {
        switch request.operation {
        case .putBucketCORS:
            let document = try await payload.document(
                CORSConfiguration.self, root: "CORSConfiguration", elementsMax: 4_096,
                bytesMax: CORSConfiguration.documentBytesMax)
            try document.check()
            try await change(request) { $0.crossOrigin = document }
        case .putBucketTagging:
            let document = try await payload.document(
                Tagging.self, root: "Tagging", elementsMax: S3Limits.tagElementsMax)
            let tags = try S3Tags.of(document, max: S3Limits.bucketTagsMax)
            try await change(request) { $0.tags = tags }
        case .putPublicAccessBlock:
            let document = try await payload.document(
                PublicAccessBlock.self, root: "PublicAccessBlockConfiguration", elementsMax: 64)
            try await change(request) { $0.publicAccessBlock = document.complete }
        case .putBucketOwnership:
            let document = try await payload.document(
                OwnershipControls.self, root: "OwnershipControls", elementsMax: 64)
            guard document.isSound else {
                throw S3Error(
                    .malformedXML, "OwnershipControls must have one Rule with an ObjectOwnership.")
            }
            try await change(request) { $0.ownership = document }
        case .putBucketEncryption: try await checkEncryption(payload)
        case .deleteBucketCORS: try await change(request) { $0.crossOrigin = nil }
        case .deleteBucketTagging: try await change(request) { $0.tags = nil }
        case .deletePublicAccessBlock: try await change(request) { $0.publicAccessBlock = nil }
        case .deleteBucketOwnership: try await change(request) { $0.ownership = nil }
        // As at Amazon, what is left is AES256.
        case .deleteBucketEncryption: break
        default:
            throw S3Error(
                .notImplemented, "\(request.operation.rawValue) is not a bucket's configuration.")
        }
    }

    /// Takes what holds anyway: AES256, as docs/s3.md says what that is here.
    private func checkEncryption(_ payload: S3Payload) async throws {
        let wish = try await payload.document(
            BucketEncryptionWish.self, root: "ServerSideEncryptionConfiguration", elementsMax: 64)
        let rules = wish.Rule ?? []
        guard rules.count == 1,
            let algorithm = rules[0].ApplyServerSideEncryptionByDefault?.SSEAlgorithm
        else {
            throw S3Error(
                .malformedXML,
                "ServerSideEncryptionConfiguration must have one Rule with an SSEAlgorithm.")
        }
        guard algorithm == "AES256" else {
            throw S3Error(
                .notImplemented,
                "A header you provided implies functionality that is not implemented: SSEAlgorithm "
                    + "\(algorithm.prefix(40)); only AES256 is there")
        }
    }

    func change(
        _ request: S3Request, _ change: @escaping @Sendable (inout BucketSettings) -> Void
    ) async throws {
        try await store.changeSettings(of: request.bucket) { bytes in
            var settings = try Self.settings(bytes)
            change(&settings)
            return settings == BucketSettings() ? nil : try JSONCoding.encode(settings)
        }
    }

    private func settings(_ bucket: String) async throws -> BucketSettings {
        try Self.settings(try await store.settings(bucket))
    }

    private static func settings(_ bytes: Data?) throws -> BucketSettings {
        try bytes.map { try JSONCoding.decode(BucketSettings.self, from: $0) } ?? BucketSettings()
    }

    /// - Returns: nil for a bucket without rules.
    /// - Throws: `StorageError`.
    func crossOrigin(_ bucket: String) async throws -> CORSConfiguration? {
        try await settings(bucket).crossOrigin
    }

    /// What can be put, or S3's error that it was not.
    private func configured(_ request: S3Request, _ settings: BucketSettings) throws -> Response {
        switch request.operation {
        case .getBucketCORS:
            guard let found = settings.crossOrigin else {
                throw Self.missing(
                    .noSuchCORSConfiguration, "The CORS configuration does not exist", request)
            }
            return try .xml(found, root: "CORSConfiguration")
        case .getBucketTagging:
            guard let found = settings.tags else {
                throw Self.missing(.noSuchTagSet, "The TagSet does not exist", request)
            }
            return try .xml(S3Tags.document(found), root: "Tagging")
        case .getPublicAccessBlock:
            guard let found = settings.publicAccessBlock else {
                throw Self.missing(
                    .noSuchPublicAccessBlock, "The public access block configuration was not found",
                    request)
            }
            return try .xml(found, root: "PublicAccessBlockConfiguration")
        default:
            guard let found = settings.ownership else {
                throw Self.missing(
                    .noSuchOwnershipControls, "The bucket ownership controls were not found",
                    request)
            }
            return try .xml(found, root: "OwnershipControls")
        }
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
struct BucketSettings: Codable, Equatable {
    var crossOrigin: CORSConfiguration?
    var tags: [ObjectTag]?
    var publicAccessBlock: PublicAccessBlock?
    var ownership: OwnershipControls?
}
