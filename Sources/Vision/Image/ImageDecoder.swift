package import FoundationEssentials

/// Reads PNG and JPEG into RGB8. The first bytes decide which it is, not a name or header.
///
/// Greyscale and palettes become RGB, 16-bit samples keep their upper 8 bits, alpha is dropped, the
/// EXIF orientation of both is applied, and colour profiles are not: `docs/images.md`.
package enum ImageDecoder {
    /// - Parameter name: what messages call the image.
    /// - Throws: `VisionError.invalidImage` for other formats, damage, and sizes past the limits;
    ///   a size is checked before memory is taken for it.
    package static func decode(
        _ bytes: Data, name: String, limits: ImageLimits = .standard
    ) throws(VisionError) -> RGBImage {
        guard bytes.count <= limits.bytesMax else {
            throw invalid(
                name,
                "has \(bytes.count) bytes; at most \(limits.bytesMax) are allowed")
        }
        guard !bytes.isEmpty else { throw invalid(name, "is empty: it has no bytes") }
        if PNG.isPNG(bytes) { return try PNG.decodeRGB(bytes, name: name, limits: limits) }
        if JPEG.isJPEG(bytes) { return try JPEG.decode(bytes, name: name, limits: limits) }
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
