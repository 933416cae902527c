import Glibc

/// Addresses that begin with the same bits, like `192.0.2.0/24` or `2001:db8::/32`.
struct AddressRange: Sendable, Equatable {
    private let address: [UInt8]
    private let bits: Int

    /// - Returns: nil for a text that is no address, or has more bits than one.
    init?(_ text: String) {
        let sides = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = Self.parse(String(sides[0])) else { return nil }
        let bitsMax = address.count * 8
        guard sides.count == 2 else {
            (self.address, bits) = (address, bitsMax)
            return
        }
        guard let bits = Int(sides[1]), (0...bitsMax).contains(bits) else { return nil }
        (self.address, self.bits) = (address, bits)
    }

    func contains(_ text: String) -> Bool {
        guard let other = Self.parse(text), other.count == address.count else { return false }
        return (0..<bits).allSatisfy { bit in
            (address[bit / 8] ^ other[bit / 8]) & (0x80 >> (bit % 8)) == 0
        }
    }

    /// 4 or 16 bytes; an IPv4 address in IPv6's clothes is an IPv4 address.
    private static func parse(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return withUnsafeBytes(of: &four) { Array($0) }
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &six) { Array($0) }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10...11] == [255, 255]
        return isMapped ? Array(bytes[12...]) : bytes
    }
}
