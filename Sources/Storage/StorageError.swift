
/// What can go wrong with metadata and objects.
package struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
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
        /// The disk, the database or the network failed.
        case unavailable
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
