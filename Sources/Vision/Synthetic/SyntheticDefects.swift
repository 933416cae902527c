import Glibc

/// Draws defects onto pictures of products without any, so that training without labelled
/// anomalies has something to measure itself by. Kinds, sizes and strengths are drawn widely: the
/// drawing stands for no real defect, only for "something is different here".
enum SyntheticDefects {
    private enum Kind: CaseIterable {
        case spot
        case scratch
        case stain
        case displaced
        case blurred
        case rough
    }

    private static let triesMax = 12
    private static let visiblePixelsMin = 8

    /// - Returns: the picture with a defect or two, and one byte a pixel, 1 where it changed.
    static func draw(on picture: RGBImage, using random: inout SeededRandom) -> (
        image: RGBImage, mask: [UInt8]
    ) {
        // White paint on white changes nothing; then another defect is tried.
        for _ in 0..<triesMax {
            var canvas = Canvas(picture)
            for _ in 0..<(Double.random(in: 0...1, using: &random) < 0.7 ? 1 : 2) {
                let kind = Kind.allCases[Int.random(in: 0..<Kind.allCases.count, using: &random)]
                canvas.draw(kind, using: &random)
            }
            let drawn = canvas.finished
            if drawn.mask.count(where: { $0 != 0 }) >= visiblePixelsMin { return drawn }
        }
        return (picture, [UInt8](repeating: 0, count: picture.width * picture.height))
    }

    private struct Canvas {
        let original: RGBImage
        var pixels: [Float]
        private var random = SeededRandom(seed: 0)

        init(_ picture: RGBImage) {
            original = picture
            pixels = picture.pixels.map(Float.init)
        }

        private var shorter: Double { Double(min(original.width, original.height)) }

        mutating func draw(_ kind: Kind, using random: inout SeededRandom) {
            self.random = random
            defer { random = self.random }
            let radius = max(1.5, shorter * exp(number(log(0.012)...log(0.11))))
            let (x, y) = (
                number(0.08...0.92) * Double(original.width),
                number(0.08...0.92) * Double(original.height)
            )
            let sign = number(0...1) < 0.5 ? -1.0 : 1.0
            let strength = exp(number(log(0.12)...log(0.7))) * 255
            switch kind {
            case .spot:
                let tint = (0..<3).map { _ in Float(sign * strength * number(0.6...1.2)) }
                blend(blob(x, y, radius, softness: 0.15)) { _, _, channel, old in
                    old + tint[channel]
                }
            case .stain:
                let tint = (0..<3).map { _ in Float(1 + sign * number(0.08...0.4)) }
                blend(blob(x, y, radius * 1.8, softness: 0.5)) { _, _, channel, old in
                    old * tint[channel]
                }
            case .scratch:
                let tint = Float(sign * strength)
                blend(line(x, y, length: radius * number(3...9), width: max(1, radius * 0.12))) {
                    _, _, _, old in old + tint
                }
            case .displaced:
                let source = pixels
                let (dx, dy) = (whole(original.width), whole(original.height))
                let (width, height) = (original.width, original.height)
                blend(blob(x, y, radius * 1.4, softness: 0.08)) { column, row, channel, _ in
                    source[((row + dy) % height * width + (column + dx) % width) * 3 + channel]
                }
            case .blurred:
                let source = pixels
                let reach = max(2, Int(radius / 2))
                let (width, height) = (original.width, original.height)
                blend(blob(x, y, radius * 1.4, softness: 0.3)) { column, row, channel, _ in
                    var sum: Float = 0
                    for step in [-reach, -reach / 2, 0, reach / 2, reach] {
                        for other in [-reach, 0, reach] {
                            let nearX = min(max(column + step, 0), width - 1)
                            let nearY = min(max(row + other, 0), height - 1)
                            sum += source[(nearY * width + nearX) * 3 + channel]
                        }
                    }
                    return sum / 15
                }
            case .rough:
                let noise = (0..<4096).map { _ in Float(number(-1...1) * strength) }
                blend(blob(x, y, radius * 1.4, softness: 0.2)) { column, row, _, old in
                    let place: Int = (column / 2) * 31 + (row / 2) * 17
                    return old + noise[place % 4096]
                }
            }
        }

        var finished: (image: RGBImage, mask: [UInt8]) {
            let bytes = pixels.map { UInt8(min(max($0.rounded(), 0), 255)) }
            var mask = [UInt8](repeating: 0, count: original.width * original.height)
            for (place, byte) in bytes.enumerated()
            where abs(Int(byte) - Int(original.pixels[place])) > 10 {
                mask[place / 3] = 1
            }
            let image = RGBImage(width: original.width, height: original.height, pixels: bytes)
            return (image, mask)
        }

        private mutating func number(_ range: ClosedRange<Double>) -> Double {
            Double.random(in: range, using: &random)
        }

        private mutating func whole(_ bound: Int) -> Int {
            Int.random(in: 0..<bound, using: &random)
        }

        /// Coverage 0...1 at a pixel, within a box.
        private struct Region {
            let columns: Range<Int>
            let rows: Range<Int>
            let coverage: (Double, Double) -> Double
        }

        private func box(_ x: Double, _ y: Double, _ reach: Double) -> (Range<Int>, Range<Int>) {
            let left = min(max(0, Int(x - reach)), original.width - 1)
            let top = min(max(0, Int(y - reach)), original.height - 1)
            return (
                left..<max(left + 1, min(original.width, Int(x + reach) + 1)),
                top..<max(top + 1, min(original.height, Int(y + reach) + 1))
            )
        }

        private mutating func blob(_ x: Double, _ y: Double, _ radius: Double, softness: Double)
            -> Region
        {
            let waves = (1...4).map { (number(0...0.25) / Double($0), number(0...6.28)) }
            let flat = number(0.5...1)
            let turn = number(0...3.14)
            let (columns, rows) = box(x, y, radius * 1.8)
            return Region(columns: columns, rows: rows) { px, py in
                let (dx, dy) = (px - x, py - y)
                let along = dx * cos(turn) + dy * sin(turn)
                let across = (dy * cos(turn) - dx * sin(turn)) / flat
                let distance = (along * along + across * across).squareRoot()
                let angle = atan2(across, along)
                let edge = waves.enumerated().reduce(radius) {
                    $0 + radius * $1.element.0 * cos(Double($1.offset + 1) * angle + $1.element.1)
                }
                return min(max((edge - distance) / (softness * radius + 0.7) + 0.5, 0), 1)
            }
        }

        private mutating func line(_ x: Double, _ y: Double, length: Double, width: Double)
            -> Region
        {
            let angle = number(0...6.28)
            let bend = number(-0.3...0.3) / length
            let (columns, rows) = box(x, y, length)
            return Region(columns: columns, rows: rows) { px, py in
                let (dx, dy) = (px - x, py - y)
                let along = dx * cos(angle) + dy * sin(angle)
                guard abs(along) < length / 2 else { return 0 }
                let across = dy * cos(angle) - dx * sin(angle) - bend * along * along
                return min(max(width / 2 - abs(across) + 0.5, 0), 1)
            }
        }

        private mutating func blend(
            _ region: Region, _ paint: (Int, Int, Int, Float) -> Float
        ) {
            for row in region.rows {
                for column in region.columns {
                    let share = Float(region.coverage(Double(column) + 0.5, Double(row) + 0.5))
                    guard share > 0 else { continue }
                    for channel in 0..<3 {
                        let place = (row * original.width + column) * 3 + channel
                        let old = pixels[place]
                        pixels[place] = old + share * (paint(column, row, channel, old) - old)
                    }
                }
            }
        }
    }
}
