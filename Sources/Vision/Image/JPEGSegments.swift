import FoundationEssentials

/// What the markers of a JPEG say about the file, read without decoding it (ITU-T T.81, annex B).
/// It takes one pass over the bytes; what follows the end of the first picture is not looked at.
struct JPEGSegments {
    /// The TIFF block of the first Exif segment.
    private(set) var exif: Data?
    /// How many scans the picture consists of: 1 for most, about ten for a progressive one.
    private(set) var scans = 0
    /// Whether the end-of-image marker is there.
    private(set) var hasEnd = false

    private static let exifHeader = Array("Exif\0\0".utf8)

    init(_ jpeg: Data) {
        jpeg.withUnsafeBytes { walk($0) }
    }

    private mutating func walk(_ bytes: UnsafeRawBufferPointer) {
        var index = 2
        while let marker = Self.nextMarker(bytes, &index) {
            switch marker {
            case 0xD9:
                hasEnd = true
                return
            // Markers without a body: restarts, a second start, and TEM.
            case 0xD0...0xD8, 0x01: continue
            default: break
            }
            guard index + 2 <= bytes.count else { return }
            let length = Int(bytes[index]) << 8 | Int(bytes[index + 1])
            guard length >= 2, index + length <= bytes.count else { return }
            let body = bytes[(index + 2)..<(index + length)]
            if marker == 0xDA { scans += 1 }
            if marker == 0xE1, exif == nil, body.starts(with: Self.exifHeader) {
                exif = Data(body.dropFirst(Self.exifHeader.count))
            }
            index += length
        }
    }

    /// The next marker at or behind `index`, which then is behind the marker. Fill bytes before a
    /// marker, stuffed bytes of a scan and stray bytes between segments are passed over.
    private static func nextMarker(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> UInt8? {
        while index < bytes.count {
            guard bytes[index] == 0xFF else {
                index += 1
                continue
            }
            while index < bytes.count, bytes[index] == 0xFF { index += 1 }
            guard index < bytes.count else { return nil }
            index += 1
            if bytes[index - 1] != 0 { return bytes[index - 1] }
        }
        return nil
    }
}
