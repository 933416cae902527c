/// Codes of the errors of S3 that a client can see.
package enum S3ErrorCode: String, Sendable, CaseIterable {
    case accessDenied = "AccessDenied"
    case accessForbidden = "AccessForbidden"
    case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
    case authorizationQueryParametersError = "AuthorizationQueryParametersError"
    case badDigest = "BadDigest"
    case bucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou"
    case bucketNotEmpty = "BucketNotEmpty"
    case entityTooLarge = "EntityTooLarge"
    case entityTooSmall = "EntityTooSmall"
    case illegalLocationConstraint = "IllegalLocationConstraintException"
    case incompleteBody = "IncompleteBody"
    case internalError = "InternalError"
    case invalidAccessKeyID = "InvalidAccessKeyId"
    case invalidArgument = "InvalidArgument"
    case invalidBucketName = "InvalidBucketName"
    case invalidDigest = "InvalidDigest"
    case invalidPart = "InvalidPart"
    case invalidPartOrder = "InvalidPartOrder"
    case invalidRange = "InvalidRange"
    case invalidRequest = "InvalidRequest"
    case invalidStorageClass = "InvalidStorageClass"
    case invalidTag = "InvalidTag"
    case invalidURI = "InvalidURI"
    case invalidLocationConstraint = "InvalidLocationConstraint"
    case invalidPolicyDocument = "InvalidPolicyDocument"
    case keyTooLong = "KeyTooLongError"
    case formTooLarge = "MaxPostPreDataLengthExceeded"
    case malformedForm = "MalformedPOSTRequest"
    case malformedXML = "MalformedXML"
    case metadataTooLarge = "MetadataTooLarge"
    case missingContentLength = "MissingContentLength"
    case methodNotAllowed = "MethodNotAllowed"
    case noSuchBucket = "NoSuchBucket"
    case noSuchBucketPolicy = "NoSuchBucketPolicy"
    case noSuchCORSConfiguration = "NoSuchCORSConfiguration"
    case noSuchLifecycleConfiguration = "NoSuchLifecycleConfiguration"
    case noSuchObjectLock = "ObjectLockConfigurationNotFoundError"
    case noSuchOwnershipControls = "OwnershipControlsNotFoundError"
    case noSuchPublicAccessBlock = "NoSuchPublicAccessBlockConfiguration"
    case noSuchReplication = "ReplicationConfigurationNotFoundError"
    case noSuchTagSet = "NoSuchTagSet"
    case noSuchWebsiteConfiguration = "NoSuchWebsiteConfiguration"
    case noSuchKey = "NoSuchKey"
    case noSuchUpload = "NoSuchUpload"
    case noSuchVersion = "NoSuchVersion"
    case notImplemented = "NotImplemented"
    case preconditionFailed = "PreconditionFailed"
    case requestTimeTooSkewed = "RequestTimeTooSkewed"
    case serviceUnavailable = "ServiceUnavailable"
    case signatureDoesNotMatch = "SignatureDoesNotMatch"
    case contentHashMismatch = "XAmzContentSHA256Mismatch"

    /// HTTP status of the answer, as S3's table of error responses has it.
    package var httpStatus: Int {
        switch self {
        case .authorizationHeaderMalformed, .authorizationQueryParametersError, .badDigest,
            .entityTooLarge, .entityTooSmall, .illegalLocationConstraint, .incompleteBody,
            .invalidArgument, .invalidBucketName, .invalidDigest, .invalidPart, .invalidPartOrder,
            .invalidRequest, .invalidStorageClass, .invalidTag, .invalidURI, .keyTooLong,
            .malformedXML,
            .metadataTooLarge, .invalidLocationConstraint, .invalidPolicyDocument, .formTooLarge,
            .malformedForm, .contentHashMismatch:
            400
        case .accessDenied, .accessForbidden, .invalidAccessKeyID, .requestTimeTooSkewed,
            .signatureDoesNotMatch:
            403
        case .noSuchBucket, .noSuchBucketPolicy, .noSuchCORSConfiguration,
            .noSuchLifecycleConfiguration, .noSuchObjectLock, .noSuchOwnershipControls,
            .noSuchPublicAccessBlock, .noSuchReplication, .noSuchTagSet,
            .noSuchWebsiteConfiguration, .noSuchKey, .noSuchUpload, .noSuchVersion:
            404
        case .methodNotAllowed: 405
        case .bucketAlreadyOwnedByYou, .bucketNotEmpty: 409
        case .missingContentLength: 411
        case .preconditionFailed: 412
        case .invalidRange: 416
        case .internalError: 500
        case .notImplemented: 501
        case .serviceUnavailable: 503
        }
    }
}

/// What a client of S3 learns when an operation fails.
package struct S3Error: Error, Sendable, Equatable, CustomStringConvertible {
    /// Decides the HTTP status too; SDKs decide by it whether to try again.
    package let code: S3ErrorCode
    /// For people. It goes to the client, so it names no path of the server.
    package let message: String
    /// Further members of the document, like `Region`.
    package let details: [String: String]

    /// - Parameter details: elements beside `Code` and `Message`; values are escaped when they are
    ///   written.
    package init(_ code: S3ErrorCode, _ message: String, details: [String: String] = [:]) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// For logs: code and message, without the details.
    package var description: String { "\(code.rawValue): \(message)" }
}
