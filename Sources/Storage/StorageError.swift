package import Base

/// Why an operation on metadata or objects failed. The code decides what callers do and which error
/// of the API it becomes.
package struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, as far as callers distinguish it.
    package enum Code: Sendable {
        case noSuchBucket
        case bucketExists
        /// A bucket that is to be deleted still has objects.
        case bucketNotEmpty
        case noSuchObject
        /// A bucket or key that no store accepts.
        case invalidName
        /// An object larger than the caller is ready to take, or more said about one than is kept.
        case tooLarge
        /// The object is not what the condition of a write or a removal wants.
        case preconditionFailed
        /// A multipart upload that was never begun, is over, or belongs to another key.
        case noSuchUpload
        /// A part that was not uploaded, or not with that ETag, or of a number out of range.
        case invalidPart
        /// The parts to join are not in ascending order.
        case invalidPartOrder
        /// A part other than the last is smaller than 5 MiB.
        case entityTooSmall
        /// The bytes of an object are not those that were written.
        case damaged
        /// The disk has no room for it. What is there can be read and removed.
        case full
        /// The disk, the database or the network failed.
        case unavailable
    }

    package let code: Code
    /// A sentence for the operator and the log. It may contain paths of the server and names of
    /// hosts.
    package let message: String

    /// The sentence that clients may read: never a path of the server, nor the name of its
    /// database's host. `message`, unless the code is `full` or `unavailable`.
    package let clientMessage: String

    /// - Parameter clientMessage: what clients may read; nil gives them no reason for
    ///   `unavailable`, and `message` for `damaged`. The other codes do not look at it.
    package init(_ code: Code, _ message: String, clientMessage: String? = nil) {
        self.code = code
        self.message = message
        self.clientMessage =
            switch code {
            case .full:
                "The server's disk is full, and nothing was kept. Remove what is not needed any "
                    + "more, or give the server a larger disk."
            case .unavailable: clientMessage ?? "The store is out of reach."
            case .damaged: clientMessage ?? message
            default: message
            }
    }

    /// What the file system refused: `full` where it has no room, else `unavailable`.
    package init(_ error: FileError) {
        self.init(error.isDiskFull ? .full : .unavailable, error.message)
    }

    /// Whether trying again may help, without a change of what was asked for.
    package var isPassing: Bool { code == .full || code == .unavailable }

    /// The message.
    package var description: String { message }
}

/// Calls the file system; what it refuses is `unavailable` for users of a store.
func onDisk<Value>(_ body: () throws -> Value) throws(StorageError) -> Value {
    do {
        return try body()
    } catch {
        if let error = error as? FileError { throw StorageError(error) }
        throw error as? StorageError ?? StorageError(.unavailable, "\(error)")
    }
}
