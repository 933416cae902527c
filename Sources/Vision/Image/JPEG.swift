import CTurboJPEG
package import FoundationEssentials

/// JPEG by libjpeg-turbo.
package enum JPEG {
    static func isJPEG(_ bytes: Data) -> Bool { bytes.starts(with: [0xFF, 0xD8, 0xFF]) }

    static func decode(
        _ bytes: Data, name: String, limits: ImageLimits
    ) throws(VisionError) -> RGBImage {
        guard let handle = tjInitDecompress() else {
            throw VisionError(.invalidImage, "libjpeg-turbo could not be initialised.")
        }
        defer { tjDestroy(handle) }
        // `withUnsafeBytes` does not carry typed errors, so the result does.
        let result: Result<RGBImage, VisionError> = bytes.withUnsafeBytes { raw in
            do throws(VisionError) {
                return .success(try decode(handle, raw, name, limits))
            } catch {
                return .failure(error)
            }
        }
        return Orientation(jpeg: bytes).apply(to: try result.get())
    }

    private static func decode(
        _ handle: tjhandle, _ raw: UnsafeRawBufferPointer, _ name: String, _ limits: ImageLimits
    ) throws(VisionError) -> RGBImage {
        let source = raw.bindMemory(to: UInt8.self).baseAddress
        let count = UInt(raw.count)
        var (width, height): (Int32, Int32) = (0, 0)
        var (subsampling, colorspace): (Int32, Int32) = (0, 0)
        guard
            tjDecompressHeader3(handle, source, count, &width, &height, &subsampling, &colorspace)
                == 0, width > 0, height > 0
        else { throw damaged(handle, name) }
        guard colorspace != TJCS_CMYK.rawValue, colorspace != TJCS_YCCK.rawValue else {
            throw ImageDecoder.invalid(name, "is a CMYK JPEG; save it as RGB or greyscale")
        }
        try ImageDecoder.checkSize(Int(width), Int(height), name: name, limits: limits)
        var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * 3)
        let flags = TJFLAG_STOPONWARNING | TJFLAG_ACCURATEDCT
        guard
            tjDecompress2(
                handle, source, count, &pixels, width, 0, height, Int32(TJPF_RGB.rawValue), flags)
                == 0
        else { throw damaged(handle, name) }
        return RGBImage(width: Int(width), height: Int(height), pixels: pixels)
    }

    private static func damaged(_ handle: tjhandle, _ name: String) -> VisionError {
        let reason = tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown reason"
        return ImageDecoder.invalid(name, "is a damaged or truncated JPEG (\(reason))")
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
