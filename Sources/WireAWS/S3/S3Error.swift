/// Codes of the errors of S3 that a client can see.
package enum S3ErrorCode: String, Sendable, CaseIterable {
    case accessDenied = "AccessDenied"
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
    case invalidURI = "InvalidURI"
    case keyTooLong = "KeyTooLongError"
    case malformedXML = "MalformedXML"
    case metadataTooLarge = "MetadataTooLarge"
    case missingContentLength = "MissingContentLength"
    case methodNotAllowed = "MethodNotAllowed"
    case noSuchBucket = "NoSuchBucket"
    case noSuchKey = "NoSuchKey"
    case noSuchUpload = "NoSuchUpload"
    case notImplemented = "NotImplemented"
    case preconditionFailed = "PreconditionFailed"
    case requestTimeTooSkewed = "RequestTimeTooSkewed"
    case serviceUnavailable = "ServiceUnavailable"
    case signatureDoesNotMatch = "SignatureDoesNotMatch"
    case contentHashMismatch = "XAmzContentSHA256Mismatch"

    package var httpStatus: Int {
        switch self {
        case .authorizationHeaderMalformed, .authorizationQueryParametersError, .badDigest,
            .entityTooLarge, .entityTooSmall, .illegalLocationConstraint, .incompleteBody,
            .invalidArgument, .invalidBucketName, .invalidDigest, .invalidPart, .invalidPartOrder,
            .invalidRequest, .invalidURI, .keyTooLong, .malformedXML, .metadataTooLarge,
            .contentHashMismatch:
            400
        case .accessDenied, .invalidAccessKeyID, .requestTimeTooSkewed, .signatureDoesNotMatch: 403
        case .noSuchBucket, .noSuchKey, .noSuchUpload: 404
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

/// What a client of S3 is told when an operation fails.
package struct S3Error: Error, Sendable, Equatable, CustomStringConvertible {
    package let code: S3ErrorCode
    package let message: String
    /// Further members of the document, like `Region`.
    package let details: [String: String]

    package init(_ code: S3ErrorCode, _ message: String, details: [String: String] = [:]) {
        self.code = code
        self.message = message
        self.details = details
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
