/// How large an image may be: the bounds of Lookout for Vision, or those that the owner of a
/// server or device chose.
package struct ImageLimits: Sendable, Equatable {
    /// Bytes of the file.
    package var bytesMax: Int
    /// Pixels of each side.
    package var sidePixelsMax: Int

    /// The bounds of Lookout for Vision, 8 MiB and 4096 pixels.
    package static let standard = ImageLimits(
        bytesMax: VisionLimits.imageBytesMax, sidePixelsMax: VisionLimits.imageSidePixelsMax)

    /// Bounds that a server's owner chose; the least side of 64 pixels always holds.
    package init(bytesMax: Int, sidePixelsMax: Int) {
        self.bytesMax = bytesMax
        self.sidePixelsMax = sidePixelsMax
    }
}
