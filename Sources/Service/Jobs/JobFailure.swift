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
    case passing(String)
    /// Nothing will change by trying again. The text is for the user.
    case final(String)

    init(_ error: any Error) {
        switch error {
        case is CancellationError: self = .stopped
        case is JobLease.Lost: self = .lost
        case let error as VisionError:
            self = error.code == .cancelled ? .stopped : .final(error.message)
        case let error as StorageError:
            self = error.code == .unavailable ? .passing(error.message) : .final(error.message)
        case let error as JobError: self = .final(error.message)
        case let error as ManifestError: self = .final(error.description)
        case let error as WireError where error.code == .throttling: self = .passing(error.message)
        default: self = .passing("\(error)")
        }
    }
}

/// A reason for which a job cannot succeed, in words for the user.
struct JobError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
