import Base
import Storage
import Vision
import Wire

/// How a job ended when it did not succeed.
enum JobFailure {
    /// The server is going down; the job is given back.
    case stopped
    /// The lease went to another worker; nothing is to be written.
    case lost
    /// Something that may pass; another try may succeed.
    case passing(Reason)
    /// Nothing will change by trying again.
    case final(Reason)

    /// Why, in two sentences.
    struct Reason: Equatable {
        /// For a StatusMessage: never a path of the server, nor the name of its database's host.
        let client: String
        /// For the log.
        let log: String

        fileprivate init(_ client: String, log: String? = nil) {
            self.client = client
            self.log = log ?? client
        }
    }

    init(_ error: any Error) {
        switch error {
        case is CancellationError: self = .stopped
        case is JobLease.Lost: self = .lost
        case let error as VisionError: self = Self.of(error)
        case let error as StorageError:
            let reason = Reason(error.clientMessage, log: error.message)
            self = error.isPassing ? .passing(reason) : .final(reason)
        case let error as FileError where error.isDiskFull: self = Self(StorageError(error))
        case let error as JobError: self = .final(Reason(error.message))
        case let error as ManifestError: self = .final(Reason(error.description))
        case let error as WireError where error.code == .throttling:
            self = .passing(Reason(error.message))
        // Nobody has decided what of it clients may read.
        default:
            self = .passing(
                Reason(
                    "The work ended by an error that was not expected; the server's log has it.",
                    log: "\(error)"))
        }
    }

    private static func of(_ error: VisionError) -> JobFailure {
        switch error.code {
        case .cancelled: .stopped
        // Of images, masks and datasets people know what the message names.
        case .invalidImage, .invalidMask, .unsuitableDataset: .final(Reason(error.message))
        case .invalidModel:
            .final(
                Reason(
                    Self.withoutPaths(error.message)
                        ?? "A file of the model cannot be read or written; the server's log has "
                        + "the reason.", log: error.message))
        case .runtimeUnavailable:
            .final(
                Reason(
                    "ONNX Runtime refused to work; the server's log has the reason.",
                    log: error.message))
        }
    }

    /// `message`, unless a word of it begins like an absolute path.
    private static func withoutPaths(_ message: String) -> String? {
        let words = message.split { $0.isWhitespace || "'\"(,;".contains($0) }
        return words.contains { $0.hasPrefix("/") } ? nil : message
    }
}

/// A reason for which a job cannot succeed, in words for the user.
struct JobError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
