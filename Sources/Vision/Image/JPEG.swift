import CTurboJPEG
package import FoundationEssentials

/// JPEG by libjpeg-turbo.
package enum JPEG {
    /// Whether a file begins as a JPEG does.
    package static func isJPEG(_ bytes: Data) -> Bool { bytes.starts(with: [0xFF, 0xD8, 0xFF]) }

    /// Decodes what libjpeg can decode whole. Its warnings (stray bytes before a marker, an unknown
    /// revision) are not damage; pixels that a truncated file has lost are.
    ///
    /// - Throws: `invalidImage`, naming the image.
    static func decode(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> RGBImage {
        let segments = try segments(bytes, name)
        let image = try withHandle(segments.hasEnd ? bytes : bytes + end) {
            (handle, raw) throws(VisionError) -> RGBImage in try decode(handle, raw, name, limits)
        }
        return Orientation(exif: segments.exif).apply(to: image)
    }

    /// The size; a file without its end is decoded, to know whether it lost pixels too.
    static func inspect(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> ImageHeader {
        let segments = try segments(bytes, name)
        guard segments.hasEnd else {
            let image = try decode(bytes, name: name, limits: limits)
            return ImageHeader(
                size: PixelSize(width: image.width, height: image.height), sampleBits: 8)
        }
        let size = try withHandle(bytes) { (handle, raw) throws(VisionError) -> PixelSize in
            try header(handle, raw, name, limits).size
        }
        return ImageHeader(
            size: Orientation(exif: segments.exif).apply(to: size), sampleBits: 8)
    }

    /// The size as the header has it, after the EXIF orientation; nothing behind it is looked at
    /// but the number of scans.
    static func size(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> PixelSize {
        let segments = try segments(bytes, name)
        let size = try withHandle(bytes) { (handle, raw) throws(VisionError) -> PixelSize in
            try header(handle, raw, name, limits).size
        }
        return Orientation(exif: segments.exif).apply(to: size)
    }

    /// A file that lost its end marker alone has all its pixels.
    private static let end = Data([0xFF, 0xD9])

    private static func segments(_ bytes: Data, _ name: String) throws(VisionError) -> JPEGSegments
    {
        let segments = JPEGSegments(bytes)
        guard segments.scans <= VisionLimits.jpegScansMax else {
            throw ImageDecoder.invalid(
                name,
                "has \(segments.scans) scans; at most \(VisionLimits.jpegScansMax) are allowed. "
                    + "Save it as a baseline JPEG")
        }
        return segments
    }

    private static func withHandle<Value>(
        _ bytes: Data, _ body: (tjhandle, UnsafeRawBufferPointer) throws(VisionError) -> Value
    ) throws(VisionError) -> Value {
        guard let handle = tjInitDecompress() else {
            throw VisionError(.invalidImage, "libjpeg-turbo could not be initialised.")
        }
        defer { tjDestroy(handle) }
        // `withUnsafeBytes` does not carry typed errors, so the result does.
        let result: Result<Value, VisionError> = bytes.withUnsafeBytes { raw in
            do throws(VisionError) {
                return .success(try body(handle, raw))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func header(
        _ handle: tjhandle, _ raw: UnsafeRawBufferPointer, _ name: String, _ limits: ImageLimits
    ) throws(VisionError) -> (size: PixelSize, isCMYK: Bool) {
        var (width, height): (Int32, Int32) = (0, 0)
        var (subsampling, colorspace): (Int32, Int32) = (0, 0)
        let status = tjDecompressHeader3(
            handle, raw.bindMemory(to: UInt8.self).baseAddress, UInt(raw.count), &width, &height,
            &subsampling, &colorspace)
        guard status == 0 || isWarning(handle), width > 0, height > 0 else {
            throw damaged(handle, name)
        }
        try ImageDecoder.checkSize(Int(width), Int(height), name: name, limits: limits)
        return (
            PixelSize(width: Int(width), height: Int(height)),
            colorspace == TJCS_CMYK.rawValue || colorspace == TJCS_YCCK.rawValue
        )
    }

    private static func decode(
        _ handle: tjhandle, _ raw: UnsafeRawBufferPointer, _ name: String, _ limits: ImageLimits
    ) throws(VisionError) -> RGBImage {
        let (size, isCMYK) = try header(handle, raw, name, limits)
        let format = isCMYK ? TJPF_CMYK : TJPF_RGB
        var pixels = [UInt8](repeating: 0, count: size.area * (isCMYK ? 4 : 3))
        guard
            tjDecompress2(
                handle, raw.bindMemory(to: UInt8.self).baseAddress, UInt(raw.count), &pixels,
                Int32(size.width), 0, Int32(size.height), Int32(format.rawValue),
                TJFLAG_ACCURATEDCT) == 0 || isWarning(handle)
        else { throw damaged(handle, name) }
        return RGBImage(
            width: size.width, height: size.height, pixels: isCMYK ? rgb(cmyk: pixels) : pixels)
    }

    /// Whether the last call succeeded but for a warning that cost no pixels. Of several warnings
    /// the library keeps the last; it goes on with grey once data has ended, so that is the one.
    private static func isWarning(_ handle: tjhandle) -> Bool {
        tjGetErrorCode(handle) == TJERR_WARNING.rawValue
            && !reason(handle).contains("remature end")
    }

    /// Red, green and blue of cyan, magenta, yellow and black as Adobe's programs store them,
    /// inverted (255 is no ink): each is the product of its ink and black over 255.
    private static func rgb(cmyk: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: cmyk.count / 4 * 3)
        for pixel in 0..<(cmyk.count / 4) {
            let black = Int(cmyk[pixel * 4 + 3])
            for channel in 0..<3 {
                out[pixel * 3 + channel] = UInt8(
                    (Int(cmyk[pixel * 4 + channel]) * black + 127) / 255)
            }
        }
        return out
    }

    private static func reason(_ handle: tjhandle) -> String {
        tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown reason"
    }

    private static func damaged(_ handle: tjhandle, _ name: String) -> VisionError {
        ImageDecoder.invalid(name, "is a damaged or truncated JPEG (\(reason(handle)))")
    }

    /// - Parameter quality: 1...100.
    package static func encode(_ image: RGBImage, quality: Int) throws(VisionError) -> Data {
        guard let handle = tjInitCompress() else {
            throw VisionError(.invalidImage, "libjpeg-turbo could not be initialised.")
        }
        defer { tjDestroy(handle) }
        var buffer: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        let status = image.pixels.withUnsafeBufferPointer {
            tjCompress2(
                handle, $0.baseAddress, Int32(image.width), 0, Int32(image.height),
                Int32(TJPF_RGB.rawValue), &buffer, &count, Int32(TJSAMP_420.rawValue),
                Int32(quality), 0)
        }
        defer { tjFree(buffer) }
        guard status == 0, let buffer else {
            throw VisionError(.invalidImage, "An image could not be written as JPEG.")
        }
        return Data(bytes: buffer, count: Int(count))
    }
}
