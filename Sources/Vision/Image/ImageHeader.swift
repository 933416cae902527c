/// What a picture's file says about it.
package struct ImageHeader: Sendable, Equatable {
    /// After the EXIF orientation.
    package let size: PixelSize
    /// Bits of a sample as they are stored, 1...16; 8 for a JPEG.
    package let sampleBits: Int
}
