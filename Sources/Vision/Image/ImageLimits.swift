/// How large an image may be: the original's bounds, or those of a machine's owner.
package struct ImageLimits: Sendable, Equatable {
    /// Bytes of the file.
    package var bytesMax: Int
    /// Pixels of each side.
    package var sidePixelsMax: Int

    package static let standard = ImageLimits(
        bytesMax: VisionLimits.imageBytesMax, sidePixelsMax: VisionLimits.imageSidePixelsMax)

    package init(bytesMax: Int, sidePixelsMax: Int) {
        self.bytesMax = bytesMax
        self.sidePixelsMax = sidePixelsMax
    }
}
