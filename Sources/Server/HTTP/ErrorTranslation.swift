import Access
import Base
import Storage
import Wire

/// Errors of all modules in the words of the API.
enum ErrorTranslation {
    static func wireError(for error: any Error) -> WireError {
        switch error {
        case let error as WireError: error
        case let error as StorageError where error.code == .full:
            WireError(.internalServer, error.clientMessage, retryAfterSeconds: 1)
        case let error as FileError where error.isDiskFull: wireError(for: StorageError(error))
        case let error as AccessError: WireError(code(of: error.code), error.message)
        default:
            // What went wrong is in the log; a client learns nothing about our insides.
            WireError(
                .internalServer, "An internal error happened. The log has it under the request ID.",
                retryAfterSeconds: 1)
        }
    }

    private static func code(of code: AccessError.Code) -> ErrorCode {
        switch code {
        case .missingAuthenticationToken: .missingAuthenticationToken
        case .incompleteSignature, .missingTime: .incompleteSignature
        case .unrecognizedClient: .unrecognizedClient
        case .invalidSignature, .skewedTime, .expired, .wrongRegion: .invalidSignature
        case .accessDenied: .accessDenied
        case .invalidPolicy, .ambiguousRequest: .validation
        }
    }
}
