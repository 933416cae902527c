/// What can go wrong with metadata and objects.
package struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        case noSuchBucket
        case noSuchObject
        /// A bucket or key that no store accepts.
        case invalidName
        /// An object larger than the caller is ready to take.
        case tooLarge
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
