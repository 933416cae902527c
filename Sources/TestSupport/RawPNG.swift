package import FoundationEssentials

/// PNGs of every kind, with their pixels stored uncompressed.
package enum RawPNG {
    /// A square PNG.
    ///
    /// - Parameters:
    ///   - side: pixels, at most 255.
    ///   - rows: bytes of each row, before it the filter's.
    ///   - before: chunks between header and pixels.
    ///   - after: chunks behind the pixels.
    package static func bytes(
        side: Int, colorType: UInt8, bitDepth: UInt8, rows: [[UInt8]],
        before: [(String, [UInt8])] = [], after: [(String, [UInt8])] = []
    ) -> Data {
        let header: [UInt8] = [
            0, 0, 0, UInt8(side), 0, 0, 0, UInt8(side), bitDepth, colorType, 0, 0, 0,
        ]
        let raw = rows.flatMap { row -> [UInt8] in [0] + row }
        var stream: [UInt8] = [0x78, 0x01]
        var rest = raw[...]
        while !rest.isEmpty {
            let piece = rest.prefix(65_535)
            rest = rest.dropFirst(piece.count)
            let (low, high) = (UInt8(piece.count & 255), UInt8(piece.count >> 8))
            stream += [rest.isEmpty ? 1 : 0, low, high, ~low, ~high] + piece
        }
        stream += bytes(adler32(raw))
        var out: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        var chunks: [(String, [UInt8])] = [("IHDR", header)]
        chunks += before
        chunks.append(("IDAT", stream))
        chunks += after
        chunks.append(("IEND", []))
        for (name, content) in chunks {
            let named = Array(name.utf8) + content
            out += bytes(UInt32(content.count)) + named + bytes(crc32(named))
        }
        return Data(out)
    }

    /// A square greyscale PNG of 16-bit samples.
    ///
    /// - Parameter sample: of column and row.
    package static func grey16(side: Int, _ sample: (Int, Int) -> UInt16) -> Data {
        let rows = (0..<side).map { y in
            (0..<side).flatMap { x in
                let value = sample(x, y)
                return [UInt8(value >> 8), UInt8(value & 255)]
            }
        }
        return bytes(side: side, colorType: 0, bitDepth: 16, rows: rows)
    }

    /// A square PNG of red, green, blue and alpha.
    ///
    /// - Parameter pixel: of column and row.
    package static func rgba(side: Int, _ pixel: (Int, Int) -> [UInt8]) -> Data {
        let rows = (0..<side).map { y in (0..<side).flatMap { x in pixel(x, y) } }
        return bytes(side: side, colorType: 6, bitDepth: 8, rows: rows)
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }

    private static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in bytes {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return b << 16 | a
    }
}
