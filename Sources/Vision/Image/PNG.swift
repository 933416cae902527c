import CSpng
package import FoundationEssentials
import Glibc

/// PNG by libspng.
package enum PNG {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Whether a file begins as a PNG does.
    package static func isPNG(_ bytes: Data) -> Bool { bytes.starts(with: signature) }

    static func decodeRGB(
        _ bytes: Data, name: String, limits: ImageLimits = .standard, sampleBits: Int? = nil
    ) throws(VisionError) -> RGBImage {
        let chunks = PNGChunks(bytes)
        if let sampleBits, sampleBits < 16,
            try self.sampleBits(of: chunks, name, limits) == 16
        {
            let image = try decode16(chunks, name, limits)
            return Orientation(exif: chunks.exif).apply(to: image.scaled(from: sampleBits))
        }
        let (width, height, pixels) = try decode(
            chunks, Int32(SPNG_FMT_RGB8.rawValue), 3, name, limits)
        return Orientation(exif: chunks.exif).apply(
            to: RGBImage(width: width, height: height, pixels: pixels))
    }

    /// Samples of 16 bits without alpha, one or three of each pixel.
    struct Image16 {
        let width: Int
        let height: Int
        /// Rows from the top.
        let samples: [UInt16]

        /// - Parameter bits: those of the samples that are used; what lies above is white.
        func scaled(from bits: Int) -> RGBImage {
            let isGrey = samples.count == width * height
            var pixels = [UInt8](repeating: 0, count: width * height * 3)
            for index in pixels.indices {
                let sample = samples[isGrey ? index / 3 : index]
                pixels[index] = UInt8(clamping: sample >> UInt16(bits - 8))
            }
            return RGBImage(width: width, height: height, pixels: pixels)
        }
    }

    /// - Precondition: the image has 16 bits a sample.
    static func decode16(
        _ chunks: PNGChunks, _ name: String, _ limits: ImageLimits
    ) throws(VisionError) -> Image16 {
        try withContext(chunks, name, limits) { (context, raw) throws(VisionError) -> Image16 in
            let header = try header(context, raw, name, limits)
            let color = UInt32(header.color_type)
            let hasAlpha =
                color == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA.rawValue
                || color == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA.rawValue
            let isGrey =
                color == SPNG_COLOR_TYPE_GRAYSCALE.rawValue
                || color == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA.rawValue
            let channels = isGrey ? 1 : 3
            let stored = channels + (hasAlpha ? 1 : 0)
            let count = Int(header.width) * Int(header.height)
            var values = [UInt16](repeating: 0, count: count * stored)
            // In the byte order of this machine.
            let status = spng_decode_image(
                context, &values, values.count * 2, Int32(SPNG_FMT_PNG.rawValue), 0)
            guard status == 0 else { throw damaged(status, name) }
            if hasAlpha {
                values = (0..<count * channels).map {
                    values[$0 / channels * stored + $0 % channels]
                }
            }
            return Image16(
                width: Int(header.width), height: Int(header.height), samples: values)
        }
    }

    /// The header, and whether all chunks that decoding needs are there and have their checksums.
    static func inspect(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> ImageHeader {
        let chunks = PNGChunks(bytes)
        let header = try header(of: chunks, name, limits)
        if let chunk = PNGChunks.damaged(in: bytes) {
            throw ImageDecoder.invalid(
                name, "is a damaged PNG (the checksum of its \(chunk) chunk is wrong)")
        }
        let size = PixelSize(width: Int(header.width), height: Int(header.height))
        return ImageHeader(
            size: Orientation(exif: chunks.exif).apply(to: size),
            sampleBits: Int(header.bit_depth))
    }

    /// The size as the header has it, after the EXIF orientation; nothing behind it is looked at.
    static func size(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> PixelSize {
        let chunks = PNGChunks(bytes)
        let header = try header(of: chunks, name, limits)
        return Orientation(exif: chunks.exif).apply(
            to: PixelSize(width: Int(header.width), height: Int(header.height)))
    }

    /// The size as the header has it, whatever the orientation; nothing behind it is looked at.
    static func storedSize(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> PixelSize {
        try checkMask(bytes, name: name, limits: limits)
        let header = try header(of: PNGChunks(bytes), name, limits)
        return PixelSize(width: Int(header.width), height: Int(header.height))
    }

    private static func checkMask(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) {
        guard bytes.count <= limits.bytesMax, isPNG(bytes) else {
            throw ImageDecoder.invalid(
                name, "is not a PNG of at most \(limits.bytesMax) bytes")
        }
    }

    /// Interleaved red, green, blue and alpha, for masks; as stored, whatever the orientation.
    static func decodeRGBA(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> (width: Int, height: Int, pixels: [UInt8]) {
        try checkMask(bytes, name: name, limits: limits)
        return try decode(PNGChunks(bytes), Int32(SPNG_FMT_RGBA8.rawValue), 4, name, limits)
    }

    private static func decode(
        _ chunks: PNGChunks, _ format: Int32, _ channels: Int, _ name: String,
        _ limits: ImageLimits
    ) throws(VisionError) -> (width: Int, height: Int, pixels: [UInt8]) {
        try withContext(chunks, name, limits) { (context, raw) throws(VisionError) in
            let header = try header(context, raw, name, limits)
            let count = Int(header.width) * Int(header.height) * channels
            var pixels = [UInt8](repeating: 0, count: count)
            let flags = channels == 4 ? Int32(SPNG_DECODE_TRNS.rawValue) : 0
            let status = spng_decode_image(context, &pixels, count, format, flags)
            guard status == 0 else { throw damaged(status, name) }
            return (Int(header.width), Int(header.height), pixels)
        }
    }

    /// Calls `body` with a decoder and the bytes that it needs.
    private static func withContext<Value>(
        _ chunks: PNGChunks, _ name: String, _ limits: ImageLimits,
        _ body: (OpaquePointer, UnsafeRawBufferPointer) throws(VisionError) -> Value
    ) throws(VisionError) -> Value {
        guard let bytes = chunks.decodable else {
            throw ImageDecoder.invalid(name, "is a damaged or truncated PNG (it has no end)")
        }
        guard let context = spng_ctx_new(0) else {
            throw VisionError(.invalidImage, "libspng could not be initialised.")
        }
        defer { spng_ctx_free(context) }
        let side = UInt32(limits.sidePixelsMax)
        spng_set_image_limits(context, side, side)
        // `withUnsafeBytes` does not carry typed errors, so the result does.
        let result: Result<Value, VisionError> = bytes.withUnsafeBytes { raw in
            do throws(VisionError) {
                return .success(try body(context, raw))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Bits of a sample as they are stored, 1 to 16.
    static func sampleBits(
        of chunks: PNGChunks, _ name: String, _ limits: ImageLimits
    ) throws(VisionError) -> Int {
        Int(try header(of: chunks, name, limits).bit_depth)
    }

    private static func header(
        of chunks: PNGChunks, _ name: String, _ limits: ImageLimits
    ) throws(VisionError) -> spng_ihdr {
        try withContext(chunks, name, limits) { (context, raw) throws(VisionError) in
            try header(context, raw, name, limits)
        }
    }

    /// Gives the bytes to the decoder and checks the size of the picture.
    private static func header(
        _ context: OpaquePointer, _ raw: UnsafeRawBufferPointer, _ name: String,
        _ limits: ImageLimits
    ) throws(VisionError) -> spng_ihdr {
        var header = spng_ihdr()
        var status = spng_set_png_buffer(context, raw.baseAddress, raw.count)
        if status == 0 { status = spng_get_ihdr(context, &header) }
        guard status == 0 else { throw damaged(status, name) }
        try ImageDecoder.checkSize(
            Int(header.width), Int(header.height), name: name, limits: limits)
        return header
    }

    private static func damaged(_ status: Int32, _ name: String) -> VisionError {
        let reason = String(cString: spng_strerror(status))
        return ImageDecoder.invalid(name, "is a damaged or oversized PNG (\(reason))")
    }

    /// A PNG of 8-bit red, green and blue, without metadata.
    ///
    /// - Throws: `invalidImage` when libspng has no memory.
    package static func encode(_ image: RGBImage) throws(VisionError) -> Data {
        try encode(
            image.pixels, width: image.width, height: image.height,
            colorType: SPNG_COLOR_TYPE_TRUECOLOR, palette: [])
    }

    /// A PNG whose pixels are indices into `palette`.
    ///
    /// - Parameters:
    ///   - indices: `width * height` bytes, each below `palette.count`.
    ///   - palette: 1...256 colours.
    package static func encode(indices: [UInt8], width: Int, height: Int, palette: [RGB])
        throws(VisionError) -> Data
    {
        try encode(
            indices, width: width, height: height, colorType: SPNG_COLOR_TYPE_INDEXED,
            palette: palette)
    }

    private static func encode(
        _ pixels: [UInt8], width: Int, height: Int, colorType: spng_color_type, palette: [RGB]
    ) throws(VisionError) -> Data {
        guard let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
            throw VisionError(.invalidImage, "libspng could not be initialised.")
        }
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        header.width = UInt32(width)
        header.height = UInt32(height)
        header.bit_depth = 8
        header.color_type = UInt8(colorType.rawValue)
        spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1)
        // Masks and overlays are mostly flat: level 4 is twice as fast as 6 and as small.
        spng_set_option(context, SPNG_IMG_COMPRESSION_LEVEL, 4)
        var status = spng_set_ihdr(context, &header)
        if status == 0, !palette.isEmpty {
            var table = spng_plte()
            table.n_entries = UInt32(palette.count)
            withUnsafeMutableBytes(of: &table.entries) { entries in
                for (index, color) in palette.enumerated() {
                    entries[index * 4] = color.red
                    entries[index * 4 + 1] = color.green
                    entries[index * 4 + 2] = color.blue
                }
            }
            status = spng_set_plte(context, &table)
        }
        if status == 0 {
            status = spng_encode_image(
                context, pixels, pixels.count, Int32(SPNG_FMT_PNG.rawValue),
                Int32(SPNG_ENCODE_FINALIZE.rawValue))
        }
        var count = 0
        guard status == 0, let buffer = spng_get_png_buffer(context, &count, &status) else {
            throw VisionError(
                .invalidImage,
                "An image could not be written as PNG (\(String(cString: spng_strerror(status)))).")
        }
        defer { free(buffer) }
        return Data(bytes: buffer, count: count)
    }
}
