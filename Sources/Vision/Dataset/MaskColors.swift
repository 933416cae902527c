/// What the colours of one mask mean, and which background it has.
struct MaskColors {
    private static let black = RGB(0, 0, 0)

    /// What is meant by each colour that an entry names, and by white.
    private var table: [RGB: UInt8] = [.white: 0]
    /// The last colour that was looked up: neighbours mostly have the same.
    private var last: (color: RGB, alpha: UInt8, index: UInt8)?
    private let isBlackNamed: Bool
    /// Where black that no entry names was first taken for background.
    private var firstBlack: Int?
    private var hasOtherBackground = false

    init(classes: [MaskClass], labels: [LabelClass]) {
        for entry in classes {
            let label = labels.firstIndex { $0.name == entry.name } ?? labels.count
            table[entry.color] = entry.isBackground ? 0 : UInt8(label + 1)
        }
        isBlackNamed = table[Self.black] != nil
    }

    /// Where a mask has black that no entry names beside another background, so that it may be a
    /// mark; nil for a mask without such a place.
    var contradiction: Int? { hasOtherBackground ? firstBlack : nil }

    /// - Returns: as `LabelMask.indices` has it; nil for a colour that means nothing.
    mutating func index(of color: RGB, alpha: UInt8, at position: Int) -> UInt8? {
        if let last, last.color == color, last.alpha == alpha { return last.index }
        guard let index = meaning(of: color, alpha: alpha, at: position) else { return nil }
        last = (color, alpha, index)
        return index
    }

    private mutating func meaning(of color: RGB, alpha: UInt8, at position: Int) -> UInt8? {
        guard alpha > 0 else {
            hasOtherBackground = true
            return 0
        }
        if let index = table[color] ?? nearest(to: color, alpha: alpha) {
            if index == 0 { hasOtherBackground = true }
            return index
        }
        guard color == Self.black, !isBlackNamed else { return nil }
        firstBlack = firstBlack ?? position
        return 0
    }

    /// Programs that store colours multiplied by their opacity lose bits of them.
    private func nearest(to color: RGB, alpha: UInt8) -> UInt8? {
        guard alpha < 255 else { return nil }
        let rounding = 128 / Int(alpha) + 1
        return table.map { (distance: Self.distance($0.key, color), $0.value) }
            .filter { $0.distance <= rounding }.min { $0 < $1 }?.1
    }

    private static func distance(_ one: RGB, _ other: RGB) -> Int {
        max(
            abs(Int(one.red) - Int(other.red)), abs(Int(one.green) - Int(other.green)),
            abs(Int(one.blue) - Int(other.blue)))
    }
}
