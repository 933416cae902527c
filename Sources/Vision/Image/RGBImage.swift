/// A picture of interleaved red, green and blue bytes, rows from the top.
package struct RGBImage: Sendable, Equatable {
    /// Pixels of a row.
    package let width: Int
    /// Rows.
    package let height: Int
    /// `width * height * 3` bytes.
    package var pixels: [UInt8]

    /// - Precondition: `pixels` has `width * height * 3` bytes.
    package init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(pixels.count == width * height * 3)
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// An image of one colour.
    package init(width: Int, height: Int, color: RGB) {
        self.init(
            width: width, height: height,
            pixels: (0..<width * height).flatMap { _ in [color.red, color.green, color.blue] })
    }

    /// The pixel in column `x` of row `y`, both from 0 at the top left.
    package subscript(x: Int, y: Int) -> RGB {
        get {
            let index = (y * width + x) * 3
            return RGB(pixels[index], pixels[index + 1], pixels[index + 2])
        }
        set {
            let index = (y * width + x) * 3
            pixels[index] = newValue.red
            pixels[index + 1] = newValue.green
            pixels[index + 2] = newValue.blue
        }
    }

    /// The pixels from `left` and `top` up to `right` and `bottom`, as far as they are the image's.
    ///
    /// - Returns: nil where there are none.
    package func part(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int) -> RGBImage? {
        let (columns, rows) = (
            max(0, left)..<max(0, left, min(right, width)),
            max(0, top)..<max(0, top, min(bottom, height))
        )
        guard !columns.isEmpty, !rows.isEmpty else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(columns.count * rows.count * 3)
        for row in rows {
            let start = row * width * 3
            out += pixels[(start + columns.lowerBound * 3)..<(start + columns.upperBound * 3)]
        }
        return RGBImage(width: columns.count, height: rows.count, pixels: out)
    }
}
