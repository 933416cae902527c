/// A colour of eight bits a channel.
package struct RGB: Sendable, Hashable {
    package let red: UInt8
    package let green: UInt8
    package let blue: UInt8

    /// Also what masks without an entry for it use as background.
    package static let white = RGB(255, 255, 255)

    package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// - Parameter hex: `#RRGGBB` in either case; nil otherwise.
    package init?(hex: String) {
        guard hex.utf8.count == 7, hex.hasPrefix("#"),
            hex.dropFirst().allSatisfy(\.isHexDigit), let value = Int(hex.dropFirst(), radix: 16)
        else { return nil }
        self.init(UInt8(value >> 16), UInt8(value >> 8 & 255), UInt8(value & 255))
    }

    /// `#RRGGBB` in upper case.
    package var hex: String {
        let value = Int(red) << 16 | Int(green) << 8 | Int(blue)
        let digits = String(value, radix: 16, uppercase: true)
        return "#" + String(repeating: "0", count: 6 - digits.count) + digits
    }
}
