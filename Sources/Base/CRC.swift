package import FoundationEssentials

/// Reflected cyclic redundancy checks of 32 and 64 bits, eight bytes a step ("slicing by 8" of
/// M. Kounavis and F. Berry, 2005). Swift's packages at hand have none.
package struct CRC: Sendable {
    /// A polynomial with its tables.
    package final class Polynomial: Sendable {
        /// Of Ethernet, zlib and PNG.
        package static let crc32 = Polynomial(0xEDB8_8320, bits: 32)
        /// Castagnoli's.
        package static let crc32c = Polynomial(0x82F6_3B78, bits: 32)
        /// Of the NVM Express specification; a catalogue of CRCs lists it as CRC-64/NVME.
        package static let crc64nvme = Polynomial(0x9A6C_9329_AC4B_C9B5, bits: 64)

        /// All ones, both to begin with and to end with.
        let mask: UInt64
        /// Eight tables of 256.
        let tables: [UInt64]

        /// - Parameter reflected: the polynomial, lowest power in the highest bit.
        private init(_ reflected: UInt64, bits: Int) {
            mask = .max >> (64 - bits)
            var tables = [UInt64](repeating: 0, count: 8 * 256)
            for byte in 0..<256 {
                var value = UInt64(byte)
                for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ reflected : value >> 1 }
                tables[byte] = value
            }
            for index in 256..<tables.count {
                let before = tables[index - 256]
                tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
            }
            self.tables = tables
        }
    }

    private let polynomial: Polynomial
    private var register: UInt64

    /// The checksum of no bytes.
    package init(_ polynomial: Polynomial) {
        self.polynomial = polynomial
        register = polynomial.mask
    }

    /// The checksum of all bytes so far, in the lowest 32 bits or in all 64.
    package var value: UInt64 { register ^ polynomial.mask }

    /// Adds bytes behind those before.
    package mutating func update(_ bytes: Data) {
        var crc = register
        polynomial.tables.withUnsafeBufferPointer { tables in
            bytes.withUnsafeBytes { bytes in
                var offset = 0
                while offset + 8 <= bytes.count {
                    let word =
                        crc
                        ^ UInt64(
                            littleEndian: bytes.loadUnaligned(
                                fromByteOffset: offset, as: UInt64.self))
                    crc = 0
                    for lane in 0..<8 {
                        crc ^= tables[(7 - lane) << 8 | Int(word >> (lane << 3) & 0xFF)]
                    }
                    offset += 8
                }
                while offset < bytes.count {
                    crc = crc >> 8 ^ tables[Int((crc ^ UInt64(bytes[offset])) & 0xFF)]
                    offset += 1
                }
            }
        }
        register = crc
    }
}
