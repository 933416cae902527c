import Access
import Cloud
import Storage
import Wire
import WireAWS

/// Errors of all modules in the words of S3.
enum S3ErrorTranslation {
    /// - Parameter region: the server's, for clients that signed for another one; nil where the
    ///   signature has been verified.
    static func s3Error(for error: any Error, region: String? = nil) -> S3Error {
        switch error {
        case let error as S3Error: error
        case let error as AccessError: s3Error(for: error, region)
        case let error as StorageError: s3Error(for: error)
        case is CloudError:
            S3Error(.serviceUnavailable, "The store behind this server does not answer.")
        default:
            // What went wrong is in the log; a client learns nothing about our insides.
            S3Error(.internalError, "We encountered an internal error. Please try again.")
        }
    }

    private static func s3Error(for error: AccessError, _ region: String?) -> S3Error {
        switch error.code {
        case .missingAuthenticationToken:
            S3Error(
                .accessDenied,
                "Access Denied. The request is not signed, and nothing here is public.")
        case .ambiguousRequest: S3Error(.invalidRequest, error.message)
        case .missingTime:
            S3Error(
                .accessDenied,
                "AWS authentication requires a valid Date or x-amz-date header. \(error.message)")
        case .incompleteSignature: S3Error(.authorizationHeaderMalformed, error.message)
        case .wrongRegion:
            // Clients look for the region here and try again with it.
            S3Error(
                .authorizationHeaderMalformed, error.message,
                details: region.map { ["Region": $0] } ?? [:])
        case .unrecognizedClient:
            S3Error(
                .invalidAccessKeyID,
                "The AWS Access Key Id you provided does not exist in our records.")
        case .invalidSignature, .invalidPolicy:
            S3Error(.signatureDoesNotMatch, error.message)
        case .skewedTime: S3Error(.requestTimeTooSkewed, error.message)
        case .expired, .accessDenied: S3Error(.accessDenied, error.message)
        }
    }

    private static func s3Error(for error: StorageError) -> S3Error {
        let code: S3ErrorCode =
            switch error.code {
            case .noSuchBucket: .noSuchBucket
            case .noSuchObject: .noSuchKey
            case .noSuchUpload: .noSuchUpload
            case .invalidName: .invalidArgument
            case .bucketExists: .bucketAlreadyOwnedByYou
            case .bucketNotEmpty: .bucketNotEmpty
            case .preconditionFailed: .preconditionFailed
            case .invalidPart: .invalidPart
            case .invalidPartOrder: .invalidPartOrder
            case .entityTooSmall: .entityTooSmall
            case .tooLarge: .entityTooLarge
            // A client that tries again gets the same.
            case .damaged: .internalError
            case .full, .unavailable: .serviceUnavailable
            }
        // File-system messages contain server paths; they are not sent to clients.
        let message =
            switch error.code {
            case .full, .damaged: error.clientMessage
            case .unavailable:
                "The store could not do it. The log has the reason under the request ID."
            default: error.message
            }
        return S3Error(code, message)
    }
}
