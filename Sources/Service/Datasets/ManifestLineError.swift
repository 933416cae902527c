/// What is wrong with one line of a manifest, in words for the person who wrote it.
package struct ManifestLineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence that begins with "The line", without its number or file.
    package let message: String

    /// - Parameter reason: what follows "The line", without a full stop.
    init(_ reason: String) { message = "The line \(reason)." }

    /// The message, to which the reader adds manifest and line number.
    package var description: String { message }
}
