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

    /// As much as a JPEG's segment can hold.
    private static let exifBytesMax = 1 << 16
    private static let signatureBytes = 8

    init(_ png: Data) {
        let bytes = [UInt8](png)
        var kept: [Range<Int>] = [0..<Self.signatureBytes]
        var exif: Data?
        var isComplete = false
        var offset = Self.signatureBytes
        // A chunk: length, name, content, checksum.
        while !isComplete, offset + 12 <= bytes.count {
            let length = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
            let end = offset + 12 + length
            guard end <= bytes.count else { break }
            let name = String(decoding: bytes[(offset + 4)..<(offset + 8)], as: UTF8.self)
            isComplete = name == "IEND"
            if name == "eXIf", exif == nil, length <= Self.exifBytesMax {
                exif = Data(bytes[(offset + 8)..<(end - 4)])
            }
            // The case of the first letter says whether a decoder may skip the chunk.
            if name == "tRNS" || bytes[offset + 4] & 0x20 == 0 { kept.append(offset..<end) }
            offset = end
        }
        self.exif = exif
        guard isComplete else {
            decodable = nil
            return
        }
        let keptBytes = kept.reduce(0) { $0 + $1.count }
        decodable =
            keptBytes == bytes.count
            ? png
            : kept.reduce(into: Data(capacity: keptBytes)) { $0.append(contentsOf: bytes[$1]) }
    }
}
