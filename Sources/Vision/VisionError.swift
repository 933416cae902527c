/// What can go wrong with images, masks, models and their runtime.
package struct VisionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Callers choose by it what to do; the message is for the user.
    package enum Code: Sendable, Equatable {
        /// The bytes are not an image that Spotter reads, or the image is beyond its limits.
        case invalidImage
        /// A mask does not fit its image or its colour map.
        case invalidMask
        /// The images do not suffice to train or evaluate a model.
        case unsuitableDataset
        /// A model file or package is damaged or of an unknown format.
        case invalidModel
        /// The runtime's library is missing or refused to work.
        case runtimeUnavailable
        /// The work was asked to stop.
        case cancelled
    }

    package let code: Code
    /// A whole sentence that names the image, file or line, and what to do where something can be
    /// done.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
