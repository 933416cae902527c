import Base
import FoundationEssentials

/// The chunks of a PNG (PNG specification, third edition, clause 5), read without decoding it.
struct PNGChunks {
    /// The TIFF block of the first eXIf chunk, wherever it stands; libspng finds it only before the
    /// pixels.
    let exif: Data?
    /// The file without what decoding does not need: ancillary chunks other than tRNS, however
    /// large, and whatever follows the end. nil when the file ends before its IEND chunk; libspng
    /// accepts a file that lost its end after the last row.
    let decodable: Data?

    /// Name of the first chunk that decoding needs and whose checksum is wrong; nil for none.
    static func damaged(in png: Data) -> String? {
        var offset = signatureBytes
        let start = png.startIndex
        while offset + 12 <= png.count {
            let length = png[(start + offset)..<(start + offset + 4)].reduce(0) {
                $0 << 8 | Int($1)
            }
            let end = offset + 12 + length
            guard end <= png.count else { return nil }
            let name = png[(start + offset + 4)..<(start + offset + 8)]
            if name.first.map({ $0 & 0x20 == 0 }) == true {
                var crc = CRC(.crc32)
                crc.update(png[(start + offset + 4)..<(start + end - 4)])
                let stored = png[(start + end - 4)..<(start + end)].reduce(UInt64(0)) {
                    $0 << 8 | UInt64($1)
                }
                if crc.value != stored { return String(decoding: name, as: UTF8.self) }
            }
            offset = end
        }
        return nil
    }

    /// As much as a JPEG's segment can hold.
    private static let exifBytesMax = 1 << 16
    private static let signatureBytes = 8

    init(_ png: Data) {
        var kept: [Range<Int>] = [0..<Self.signatureBytes]
        var exif: Range<Int>?
        let isComplete = png.withUnsafeBytes { Self.walk($0, &kept, &exif) }
        let start = png.startIndex
        func part(_ range: Range<Int>) -> Data {
            png[(start + range.lowerBound)..<(start + range.upperBound)]
        }
        self.exif = exif.map { Data(part($0)) }
        guard isComplete else {
            decodable = nil
            return
        }
        // Most files have nothing to leave out, and are not copied.
        decodable =
            kept.count == 1 && kept[0].count == png.count
            ? png : kept.reduce(into: Data()) { $0.append(part($1)) }
    }

    /// Notes the parts of the file that decoding needs, neighbours as one, and the content of the
    /// first eXIf chunk.
    ///
    /// - Returns: whether there is an end.
    private static func walk(
        _ bytes: UnsafeRawBufferPointer, _ kept: inout [Range<Int>], _ exif: inout Range<Int>?
    ) -> Bool {
        var offset = signatureBytes
        // A chunk: length, name, content, checksum.
        while offset + 12 <= bytes.count {
            let length = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
            let end = offset + 12 + length
            guard end <= bytes.count else { return false }
            let name = String(decoding: bytes[(offset + 4)..<(offset + 8)], as: UTF8.self)
            if name == "eXIf", exif == nil, length <= exifBytesMax {
                exif = (offset + 8)..<(end - 4)
            }
            // The case of the first letter says whether a decoder may skip the chunk.
            if name == "tRNS" || bytes[offset + 4] & 0x20 == 0 {
                let last = kept[kept.count - 1]
                if last.upperBound == offset {
                    kept[kept.count - 1] = last.lowerBound..<end
                } else {
                    kept.append(offset..<end)
                }
            }
            if name == "IEND" { return true }
            offset = end
        }
        return false
    }
}
