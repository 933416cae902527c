/// Bytes as hexadecimal digits, two a byte.
package enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Lower-case digits.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.underestimatedCount)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Parameter text: digits of either case.
    /// - Returns: nil for an odd length or a character that is not a hexadecimal digit.
    package static func decode(_ text: String) -> [UInt8]? {
        let nibbles = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard nibbles.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: nibbles.count, by: 2) {
            guard let high = nibbles[index], let low = nibbles[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }

    /// - Returns: nil also for upper-case digits: names of files have one spelling only.
    package static func decode(lowerCase text: String) -> [UInt8]? {
        text == text.lowercased() ? decode(text) : nil
    }

    /// 32 digits, distinct from all others and not to be guessed.
    package static func random() -> String {
        var random = SystemRandomNumberGenerator()
        return encode((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
}
