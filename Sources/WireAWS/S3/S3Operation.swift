/// The operations of S3 that Spotter answers. Router, permission checks, audit log and metrics
/// derive from this table.
package enum S3Operation: String, CaseIterable, Sendable {
    case listBuckets = "ListBuckets"
    case createBucket = "CreateBucket"
    case headBucket = "HeadBucket"
    case getBucketLocation = "GetBucketLocation"
    case getBucketVersioning = "GetBucketVersioning"
    case getBucketEncryption = "GetBucketEncryption"
    case getBucketACL = "GetBucketAcl"
    case putBucketACL = "PutBucketAcl"
    case getBucketTagging = "GetBucketTagging"
    case getBucketPolicy = "GetBucketPolicy"
    case getBucketLifecycle = "GetBucketLifecycleConfiguration"
    case getBucketWebsite = "GetBucketWebsite"
    case getBucketReplication = "GetBucketReplication"
    case getBucketLogging = "GetBucketLogging"
    case getBucketNotification = "GetBucketNotificationConfiguration"
    case getBucketRequestPayment = "GetBucketRequestPayment"
    case getBucketAccelerate = "GetBucketAccelerateConfiguration"
    case getPublicAccessBlock = "GetPublicAccessBlock"
    case getBucketOwnership = "GetBucketOwnershipControls"
    case getObjectLock = "GetObjectLockConfiguration"
    case getBucketCORS = "GetBucketCors"
    case putBucketCORS = "PutBucketCors"
    case deleteBucketCORS = "DeleteBucketCors"
    case putBucketTagging = "PutBucketTagging"
    case deleteBucketTagging = "DeleteBucketTagging"
    case putBucketEncryption = "PutBucketEncryption"
    case deleteBucketEncryption = "DeleteBucketEncryption"
    case putPublicAccessBlock = "PutPublicAccessBlock"
    case deletePublicAccessBlock = "DeletePublicAccessBlock"
    case putBucketOwnership = "PutBucketOwnershipControls"
    case deleteBucketOwnership = "DeleteBucketOwnershipControls"
    case deleteBucket = "DeleteBucket"
    case listObjects = "ListObjects"
    case listObjectsV2 = "ListObjectsV2"
    case listObjectVersions = "ListObjectVersions"
    case postObject = "PostObject"
    case listMultipartUploads = "ListMultipartUploads"
    case deleteObjects = "DeleteObjects"
    case putObject = "PutObject"
    case copyObject = "CopyObject"
    case getObject = "GetObject"
    case headObject = "HeadObject"
    case getObjectTagging = "GetObjectTagging"
    case putObjectTagging = "PutObjectTagging"
    case deleteObjectTagging = "DeleteObjectTagging"
    case getObjectACL = "GetObjectAcl"
    case putObjectACL = "PutObjectAcl"
    case getObjectAttributes = "GetObjectAttributes"
    case deleteObject = "DeleteObject"
    case createMultipartUpload = "CreateMultipartUpload"
    case uploadPart = "UploadPart"
    case uploadPartCopy = "UploadPartCopy"
    case listParts = "ListParts"
    case completeMultipartUpload = "CompleteMultipartUpload"
    case abortMultipartUpload = "AbortMultipartUpload"

    /// What the path names: nothing, a bucket, or a key in one.
    package enum Target: Sendable {
        case service
        case bucket
        case object
    }

    /// A row of the table. `S3Tests` checks that each is found by its own request.
    package struct Definition: Sendable {
        /// HTTP method, upper case.
        package let method: String
        /// What the request's path names, with the bucket of its host.
        package let target: Target
        /// Parameter of the query that tells the operation from others of its method and target.
        package let marker: String?
        /// IAM's name of the permission that a caller needs on the target.
        package let permission: String
        /// Whether the source is another object, named by X-Amz-Copy-Source.
        package let isCopy: Bool

        init(
            _ method: String, _ target: Target, _ permission: String, marker: String? = nil,
            isCopy: Bool = false
        ) {
            self.method = method
            self.target = target
            self.marker = marker
            self.permission = permission
            self.isCopy = isCopy
        }
    }

    /// The operation's row.
    package var definition: Definition {
        switch self {
        case .listBuckets: .init("GET", .service, "s3:ListAllMyBuckets")
        case .createBucket: .init("PUT", .bucket, "s3:CreateBucket")
        case .headBucket: .init("HEAD", .bucket, "s3:ListBucket")
        case .getBucketLocation: .init("GET", .bucket, "s3:GetBucketLocation", marker: "location")
        case .getBucketVersioning:
            .init("GET", .bucket, "s3:GetBucketVersioning", marker: "versioning")
        case .getBucketEncryption:
            .init("GET", .bucket, "s3:GetEncryptionConfiguration", marker: "encryption")
        case .getBucketACL: .init("GET", .bucket, "s3:GetBucketAcl", marker: "acl")
        case .putBucketACL: .init("PUT", .bucket, "s3:PutBucketAcl", marker: "acl")
        case .getBucketTagging: .init("GET", .bucket, "s3:GetBucketTagging", marker: "tagging")
        case .getBucketPolicy: .init("GET", .bucket, "s3:GetBucketPolicy", marker: "policy")
        case .getBucketLifecycle:
            .init("GET", .bucket, "s3:GetLifecycleConfiguration", marker: "lifecycle")
        case .getBucketWebsite: .init("GET", .bucket, "s3:GetBucketWebsite", marker: "website")
        case .getBucketReplication:
            .init("GET", .bucket, "s3:GetReplicationConfiguration", marker: "replication")
        case .getBucketLogging: .init("GET", .bucket, "s3:GetBucketLogging", marker: "logging")
        case .getBucketNotification:
            .init("GET", .bucket, "s3:GetBucketNotification", marker: "notification")
        case .getBucketRequestPayment:
            .init("GET", .bucket, "s3:GetBucketRequestPayment", marker: "requestPayment")
        case .getBucketAccelerate:
            .init("GET", .bucket, "s3:GetAccelerateConfiguration", marker: "accelerate")
        case .getPublicAccessBlock:
            .init("GET", .bucket, "s3:GetBucketPublicAccessBlock", marker: "publicAccessBlock")
        case .getBucketOwnership:
            .init("GET", .bucket, "s3:GetBucketOwnershipControls", marker: "ownershipControls")
        case .getObjectLock:
            .init("GET", .bucket, "s3:GetBucketObjectLockConfiguration", marker: "object-lock")
        case .getBucketCORS: .init("GET", .bucket, "s3:GetBucketCORS", marker: "cors")
        case .putBucketCORS: .init("PUT", .bucket, "s3:PutBucketCORS", marker: "cors")
        case .deleteBucketCORS: .init("DELETE", .bucket, "s3:PutBucketCORS", marker: "cors")
        case .putBucketTagging: .init("PUT", .bucket, "s3:PutBucketTagging", marker: "tagging")
        case .deleteBucketTagging:
            .init("DELETE", .bucket, "s3:PutBucketTagging", marker: "tagging")
        case .putBucketEncryption:
            .init("PUT", .bucket, "s3:PutEncryptionConfiguration", marker: "encryption")
        case .deleteBucketEncryption:
            .init("DELETE", .bucket, "s3:PutEncryptionConfiguration", marker: "encryption")
        case .putPublicAccessBlock:
            .init("PUT", .bucket, "s3:PutBucketPublicAccessBlock", marker: "publicAccessBlock")
        case .deletePublicAccessBlock:
            .init("DELETE", .bucket, "s3:PutBucketPublicAccessBlock", marker: "publicAccessBlock")
        case .putBucketOwnership:
            .init("PUT", .bucket, "s3:PutBucketOwnershipControls", marker: "ownershipControls")
        case .deleteBucketOwnership:
            .init("DELETE", .bucket, "s3:PutBucketOwnershipControls", marker: "ownershipControls")
        case .deleteBucket: .init("DELETE", .bucket, "s3:DeleteBucket")
        case .listObjects: .init("GET", .bucket, "s3:ListBucket")
        case .listObjectsV2: .init("GET", .bucket, "s3:ListBucket", marker: "list-type")
        case .listObjectVersions:
            .init("GET", .bucket, "s3:ListBucketVersions", marker: "versions")
        case .listMultipartUploads:
            .init("GET", .bucket, "s3:ListBucketMultipartUploads", marker: "uploads")
        // A browser's form, which names the key in its body.
        case .postObject: .init("POST", .bucket, "s3:PutObject")
        // The permission is asked for each key.
        case .deleteObjects: .init("POST", .bucket, "s3:DeleteObject", marker: "delete")
        case .putObject: .init("PUT", .object, "s3:PutObject")
        case .copyObject: .init("PUT", .object, "s3:PutObject", isCopy: true)
        case .getObject: .init("GET", .object, "s3:GetObject")
        case .headObject: .init("HEAD", .object, "s3:GetObject")
        case .getObjectTagging: .init("GET", .object, "s3:GetObjectTagging", marker: "tagging")
        case .putObjectTagging: .init("PUT", .object, "s3:PutObjectTagging", marker: "tagging")
        case .deleteObjectTagging:
            .init("DELETE", .object, "s3:DeleteObjectTagging", marker: "tagging")
        case .getObjectACL: .init("GET", .object, "s3:GetObjectAcl", marker: "acl")
        case .putObjectACL: .init("PUT", .object, "s3:PutObjectAcl", marker: "acl")
        case .getObjectAttributes:
            .init("GET", .object, "s3:GetObjectAttributes", marker: "attributes")
        case .deleteObject: .init("DELETE", .object, "s3:DeleteObject")
        case .createMultipartUpload: .init("POST", .object, "s3:PutObject", marker: "uploads")
        case .uploadPart: .init("PUT", .object, "s3:PutObject", marker: "partNumber")
        case .uploadPartCopy:
            .init("PUT", .object, "s3:PutObject", marker: "partNumber", isCopy: true)
        case .listParts: .init("GET", .object, "s3:ListMultipartUploadParts", marker: "uploadId")
        case .completeMultipartUpload: .init("POST", .object, "s3:PutObject", marker: "uploadId")
        case .abortMultipartUpload:
            .init("DELETE", .object, "s3:AbortMultipartUpload", marker: "uploadId")
        }
    }

    /// Whether it changes nothing, for the audit log.
    package var isReadOnly: Bool { ["GET", "HEAD"].contains(definition.method) }

    /// Parameters of the query that an operation understands beside its marker.
    private var parameters: Set<String> {
        switch self {
        case .listBuckets: ["prefix", "max-buckets", "continuation-token", "bucket-region"]
        case .listObjects: ["prefix", "delimiter", "marker", "max-keys", "encoding-type"]
        case .listObjectsV2:
            [
                "prefix", "delimiter", "start-after", "continuation-token", "max-keys",
                "encoding-type", "fetch-owner",
            ]
        case .listMultipartUploads:
            [
                "prefix", "delimiter", "key-marker", "upload-id-marker", "max-uploads",
                "encoding-type",
            ]
        case .listObjectVersions:
            [
                "prefix", "delimiter", "key-marker", "version-id-marker", "max-keys",
                "encoding-type",
            ]
        case .getObject, .headObject: ["versionId", "partNumber"]
        case .getObjectTagging, .putObjectTagging, .deleteObjectTagging, .getObjectACL,
            .putObjectACL, .getObjectAttributes, .deleteObject:
            ["versionId"]
        case .uploadPart, .uploadPartCopy: ["uploadId"]
        case .listParts: ["max-parts", "part-number-marker", "encoding-type"]
        // What has no parameter of its own: puts, and the configurations of a bucket.
        default: []
        }
    }

    /// Of any request: signatures, what presigned URLs carry, and a name that SDKs add.
    private static func isCommon(_ parameter: String) -> Bool {
        [
            "AWSAccessKeyId", "Signature", "Expires", "x-id", "content-type", "content-md5",
        ].contains(parameter) || parameter.lowercased().hasPrefix("x-amz-")
            || parameter.hasPrefix("response-")
    }

    /// The operation that a request asks for.
    ///
    /// - Parameters:
    ///   - query: names of the query's parameters.
    ///   - isCopy: whether X-Amz-Copy-Source is there; it counts for puts of objects only.
    /// - Throws: `notImplemented` naming what was asked for, `methodNotAllowed`.
    package static func find(
        method: String, target: Target, query: Set<String>, isCopy: Bool
    ) throws(S3Error) -> S3Operation {
        let candidates = allCases.filter {
            let definition = $0.definition
            return definition.method == method && definition.target == target
                && definition.isCopy == (isCopy && method == "PUT" && target == .object)
        }
        // A marker is more special than none.
        let found =
            candidates.first { $0.definition.marker.map(query.contains) ?? false }
            ?? candidates.first { $0.definition.marker == nil }
        guard let found else {
            throw S3Error(
                .methodNotAllowed, "The specified method is not allowed against this resource.")
        }
        // A parameter that nobody here knows may mean quite another operation.
        let known = found.parameters.union([found.definition.marker].compactMap { $0 })
        if let feature = query.subtracting(known).sorted().first(where: { !isCommon($0) }) {
            throw S3Error(
                .notImplemented,
                "A header or query you provided implies functionality that is not implemented: "
                    + feature)
        }
        return found
    }
}
