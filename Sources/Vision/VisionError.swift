/// What can go wrong with images, manifests, models and their runtime.
package struct VisionError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The bytes are no image that Spotter reads, or one beyond its limits.
        case invalidImage
        /// A manifest line is not what Ground Truth writes.
        case invalidManifest
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
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
