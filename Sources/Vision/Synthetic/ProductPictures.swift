import Glibc

/// Draws pictures of one made-up product, a brushed metal plate with holes, a ring and a label, as
/// a camera over a line would see it: never twice at the same place or in the same light. Some
/// have a defect, with a mask. For the demonstration and for tests; the same seed draws the same.
package struct ProductPictures: Sendable {
    /// Kinds of defects; the raw value is the label's name and a part of file names.
    package enum Defect: String, Sendable, CaseIterable {
        case scratch
        case stain
        case missing

        /// The label that masks of this kind name, with its colour.
        package var label: LabelClass {
            switch self {
            case .scratch: LabelClass(name: "scratch", color: "#D62728")
            case .stain: LabelClass(name: "stain", color: "#1F77B4")
            case .missing: LabelClass(name: "missing", color: "#FF7F0E")
            }
        }
    }

    /// One drawn picture with its truth.
    package struct Picture: Sendable {
        /// Of the size that the pictures have.
        package let image: RGBImage
        /// One byte a pixel: 0, or 1 where the defect is.
        package let mask: [UInt8]
        /// nil for a normal picture.
        package let defect: Defect?
    }

    /// Pixels of a row; what is drawn scales with the shorter side.
    package let width: Int
    /// Rows.
    package let height: Int
    private var random: SeededRandom

    /// - Parameter seed: the same seed and size give the same pictures in the same order.
    package init(seed: UInt64, width: Int = 384, height: Int = 288) {
        self.width = width
        self.height = height
        random = SeededRandom(seed: seed)
    }

    /// Draws the next picture: normal, or with one defect.
    package mutating func next(_ defect: Defect? = nil) -> Picture {
        let pose = Pose(
            x: number(-5...5), y: number(-4...4), angle: number(-0.03...0.03),
            scale: Double(min(width, height)) / 288)
        let light = Light(
            gain: number(0.93...1.07), slopeX: number(-0.08...0.08), slopeY: number(-0.08...0.08))
        let grain = Noise(seed: random.next()), brush = Noise(seed: random.next())
        let flaw = defect.map { Flaw($0, using: &random) }
        var image = RGBImage(width: width, height: height, color: .white)
        var mask = [UInt8](repeating: 0, count: width * height)
        for y in 0..<height {
            for x in 0..<width {
                let point = pose.product(
                    Double(x) - Double(width) / 2, Double(y) - Double(height) / 2)
                var color = Self.product(point, grain: grain, brush: brush, flaw: flaw)
                if let flaw {
                    let share = flaw.share(at: point)
                    color = flaw.tint(color, share)
                    if share > 0.5 { mask[y * width + x] = 1 }
                }
                let shade = light.factor(
                    Double(x) / Double(width) - 0.5, Double(y) / Double(height) - 0.5)
                let noise = Double.random(in: -0.012...0.012, using: &random)
                image[x, y] = color.shaded(shade, noise)
            }
        }
        return Picture(image: image, mask: mask, defect: defect)
    }

    private mutating func number(_ range: ClosedRange<Double>) -> Double {
        Double.random(in: range, using: &random)
    }

    // MARK: The product, in its own coordinates, origin in the middle, units of pixels at 384×288

    static let holes: [(x: Double, y: Double)] = [(-118, -78), (118, -78), (-118, 78), (118, 78)]

    private static func product(_ p: Point, grain: Noise, brush: Noise, flaw: Flaw?) -> Color {
        let bench = Color(0.32, 0.27, 0.22) * (1 + 0.25 * grain.fractal(p.x / 18, p.y / 18))
        let streaks = brush.value(p.x / 90, p.y / 1.6)
        let metal = Color(0.66, 0.68, 0.70) * (1 + 0.07 * streaks)
        var color = bench
        let plate = Shape.box(p, halfWidth: 142, halfHeight: 102, radius: 16)
        // A soft shadow, then the plate with a bevelled edge.
        color = color * (1 - 0.35 * exp(-max(0, plate) / 6))
        color = color.mix(metal * (plate > -4 ? 1.12 : 1), Shape.cover(plate))
        for (index, hole) in holes.enumerated() where flaw?.missingHole != index {
            let distance = Shape.circle(p, x: hole.x, y: hole.y, radius: 10)
            color = color.mix(metal * 0.8, Shape.cover(distance - 4))
            color = color.mix(Color(0.08, 0.08, 0.09), Shape.cover(distance))
        }
        let ring = abs(Shape.circle(p, x: -38, y: 4, radius: 46)) - 9
        color = color.mix(Color(0.72, 0.58, 0.30) * (1 + 0.05 * streaks), Shape.cover(ring))
        let label = Shape.box(
            Point(x: p.x - 74, y: p.y + 8), halfWidth: 36, halfHeight: 24, radius: 4)
        let text = sin(p.y * 0.7) > 0.2 && abs(p.x - 74) < 28 && abs(p.y + 8) < 17
        color = color.mix(
            text ? Color(0.25, 0.27, 0.32) : Color(0.90, 0.90, 0.86), Shape.cover(label))
        return color
    }

    private struct Point {
        let x: Double
        let y: Double
    }

    private struct Pose {
        let x, y, angle, scale: Double

        func product(_ imageX: Double, _ imageY: Double) -> Point {
            let (dx, dy) = ((imageX - x) / scale, (imageY - y) / scale)
            return Point(
                x: dx * cos(angle) + dy * sin(angle), y: -dx * sin(angle) + dy * cos(angle))
        }
    }

    private struct Light {
        let gain, slopeX, slopeY: Double

        func factor(_ x: Double, _ y: Double) -> Double { gain + slopeX * x + slopeY * y }
    }

    private struct Color {
        var red, green, blue: Double

        init(_ red: Double, _ green: Double, _ blue: Double) {
            self.red = red
            self.green = green
            self.blue = blue
        }

        static func * (color: Color, factor: Double) -> Color {
            Color(color.red * factor, color.green * factor, color.blue * factor)
        }

        func mix(_ other: Color, _ share: Double) -> Color {
            Color(
                red + (other.red - red) * share, green + (other.green - green) * share,
                blue + (other.blue - blue) * share)
        }

        func shaded(_ factor: Double, _ noise: Double) -> RGB {
            func byte(_ value: Double) -> UInt8 {
                UInt8(min(max((value * factor + noise) * 255, 0), 255))
            }
            return RGB(byte(red), byte(green), byte(blue))
        }
    }

    /// Signed distances, negative inside.
    private enum Shape {
        static func circle(_ p: Point, x: Double, y: Double, radius: Double) -> Double {
            hypot(p.x - x, p.y - y) - radius
        }

        static func box(_ p: Point, halfWidth: Double, halfHeight: Double, radius: Double) -> Double
        {
            let (dx, dy) = (abs(p.x) - halfWidth + radius, abs(p.y) - halfHeight + radius)
            return hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - radius
        }

        /// Share of a pixel that a shape covers.
        static func cover(_ distance: Double) -> Double { min(max(0.5 - distance, 0), 1) }
    }

    /// Smooth random values on a lattice.
    private struct Noise {
        let seed: UInt64

        func value(_ x: Double, _ y: Double) -> Double {
            let (x0, y0) = (x.rounded(.down), y.rounded(.down))
            let (fx, fy) = (ease(x - x0), ease(y - y0))
            let (column, row) = (Int(x0), Int(y0))
            let top = lattice(column, row) * (1 - fx) + lattice(column + 1, row) * fx
            let bottom = lattice(column, row + 1) * (1 - fx) + lattice(column + 1, row + 1) * fx
            return top * (1 - fy) + bottom * fy
        }

        func fractal(_ x: Double, _ y: Double) -> Double {
            value(x, y) + value(x * 2.1, y * 2.1) / 2 + value(x * 4.3, y * 4.3) / 4
        }

        private func ease(_ t: Double) -> Double { t * t * (3 - 2 * t) }

        private func lattice(_ x: Int, _ y: Int) -> Double {
            let key =
                UInt64(bitPattern: Int64(x)) &* 0x9E37_79B9 ^ UInt64(bitPattern: Int64(y))
                &* 0x85EB_CA6B
            var random = SeededRandom(seed: seed ^ key)
            return Double(random.next() >> 11) / Double(1 << 52) - 1
        }
    }

    /// One defect on one picture.
    private struct Flaw {
        let kind: Defect
        let x, y, angle, size: Double
        let edge: Noise

        init(_ kind: Defect, using random: inout SeededRandom) {
            self.kind = kind
            edge = Noise(seed: random.next())
            if kind == .missing {
                let hole = ProductPictures.holes[Int.random(in: 0..<4, using: &random)]
                (x, y, angle, size) = (hole.x, hole.y, 0, 14)
            } else {
                x = Double.random(in: -110...110, using: &random)
                y = Double.random(in: -75...75, using: &random)
                angle = Double.random(in: 0...Double.pi, using: &random)
                size =
                    kind == .scratch
                    ? Double.random(in: 28...60, using: &random)
                    : Double.random(in: 9...20, using: &random)
            }
        }

        var missingHole: Int? {
            kind == .missing
                ? ProductPictures.holes.firstIndex { $0.x == x && $0.y == y } : nil
        }

        /// How much of the point belongs to the defect, 0...1.
        func share(at p: Point) -> Double {
            let (dx, dy) = (p.x - x, p.y - y)
            switch kind {
            case .missing:
                return Shape.cover(hypot(dx, dy) - size)
            case .stain:
                let wobble = 1 + 0.45 * edge.value(dx / 8 + 50, dy / 8 + 50)
                return Shape.cover((hypot(dx, dy * 1.3) - size * wobble) / 2)
            case .scratch:
                let along = dx * cos(angle) + dy * sin(angle)
                let across =
                    -dx * sin(angle) + dy * cos(angle) + 3 * edge.value(along / 16 + 9, 0.5)
                let isPast = max(0, abs(along) - size / 2)
                return Shape.cover(hypot(across, isPast) - 2.2)
            }
        }

        func tint(_ color: Color, _ share: Double) -> Color {
            switch kind {
            case .missing: color
            case .stain: color.mix(color * 0.55, share * 0.9)
            case .scratch: color.mix(Color(0.93, 0.94, 0.96), share * 0.85)
            }
        }
    }
}
