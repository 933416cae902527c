package import FoundationEssentials

/// Reads PNG and JPEG into RGB8. The first bytes decide which it is, not a name or header.
///
/// Greyscale and palettes become RGB, 16-bit samples keep the upper 8 of the bits that are used,
/// alpha is dropped, the EXIF orientation of both is applied, and colour profiles are not:
/// `docs/images.md`.
package enum ImageDecoder {
    /// - Parameters:
    ///   - name: what messages call the image.
    ///   - sampleBits: bits that samples of 16-bit PNGs use, 8...16; nil takes them for whole.
    /// - Throws: `VisionError.invalidImage` for other formats, damage, and sizes past the limits;
    ///   a size is checked before memory is taken for it.
    package static func decode(
        _ bytes: Data, name: String, limits: ImageLimits = .standard, sampleBits: Int? = nil
    ) throws(VisionError) -> RGBImage {
        try checkKind(bytes, name: name, limits: limits)
            ? try PNG.decodeRGB(bytes, name: name, limits: limits, sampleBits: sampleBits)
            : try JPEG.decode(bytes, name: name, limits: limits)
    }

    /// Reads what a file says about its picture, and finds damage of its structure, without
    /// decoding it; a JPEG that lost its end is decoded, since only that tells what else it lost.
    ///
    /// - Parameter name: what messages call the image.
    /// - Throws: `VisionError.invalidImage` for what `decode` refuses, damaged pixels of a JPEG
    ///   apart.
    package static func inspect(
        _ bytes: Data, name: String, limits: ImageLimits = .standard
    ) throws(VisionError) -> ImageHeader {
        try checkKind(bytes, name: name, limits: limits)
            ? try PNG.inspect(bytes, name: name, limits: limits)
            : try JPEG.inspect(bytes, name: name, limits: limits)
    }

    /// Reads the size from a file's header alone, whatever is behind it.
    ///
    /// - Parameter name: what messages call the image.
    /// - Returns: the size after the EXIF orientation, as `decode` gives it.
    /// - Throws: `VisionError.invalidImage` for other formats, damaged headers, too many scans, and
    ///   sizes past the limits.
    package static func size(
        of bytes: Data, name: String, limits: ImageLimits = .standard
    ) throws(VisionError) -> PixelSize {
        try checkKind(bytes, name: name, limits: limits)
            ? try PNG.size(bytes, name: name, limits: limits)
            : try JPEG.size(bytes, name: name, limits: limits)
    }

    /// - Returns: true for a PNG, false for a JPEG.
    private static func checkKind(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> Bool {
        guard bytes.count <= limits.bytesMax else {
            throw invalid(
                name,
                "has \(bytes.count) bytes; at most \(limits.bytesMax) are allowed")
        }
        guard !bytes.isEmpty else { throw invalid(name, "is empty: it has no bytes") }
        if PNG.isPNG(bytes) { return true }
        if JPEG.isJPEG(bytes) { return false }
        throw invalid(name, "is neither PNG nor JPEG")
    }

    static func invalid(_ name: String, _ reason: String) -> VisionError {
        VisionError(.invalidImage, "The image \(name) \(reason).")
    }

    static func checkSize(
        _ width: Int, _ height: Int, name: String, limits: ImageLimits
    ) throws(VisionError) {
        let sides = VisionLimits.imageSidePixelsMin...limits.sidePixelsMax
        guard sides.contains(width), sides.contains(height) else {
            throw invalid(
                name,
                "is \(width)×\(height) pixels; each side must have \(sides.lowerBound) to "
                    + "\(sides.upperBound)")
        }
    }
}
