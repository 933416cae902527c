/// A grid of floats, rows from the top.
package struct FloatMap: Sendable, Equatable {
    /// Cells or pixels of a row.
    package let width: Int
    /// Rows.
    package let height: Int
    /// `width * height` values, row-major.
    package var values: [Float]

    /// - Precondition: `values` has `width * height` elements.
    package init(width: Int, height: Int, values: [Float]) {
        precondition(values.count == width * height)
        self.width = width
        self.height = height
        self.values = values
    }

    /// Bilinear interpolation with pixel centres at halves and clamped edges.
    package func resized(width: Int, height: Int) -> FloatMap {
        var out = [Float](repeating: 0, count: width * height)
        let columns = Self.positions(from: self.width, to: width)
        let rows = Self.positions(from: self.height, to: height)
        values.withUnsafeBufferPointer { source in
            out.withUnsafeMutableBufferPointer { out in
                for (y, row) in rows.enumerated() {
                    let (top, bottom) = (row.low * self.width, row.high * self.width)
                    for x in 0..<width {
                        let column = columns[x]
                        let upper = Self.mix(
                            source[top + column.low], source[top + column.high], column.share)
                        let lower = Self.mix(
                            source[bottom + column.low], source[bottom + column.high],
                            column.share)
                        out[y * width + x] = Self.mix(upper, lower, row.share)
                    }
                }
            }
        }
        return FloatMap(width: width, height: height, values: out)
    }

    static func mix(_ a: Float, _ b: Float, _ share: Float) -> Float { a + (b - a) * share }

    static func positions(from source: Int, to target: Int) -> [(
        low: Int, high: Int, share: Float
    )] {
        (0..<target).map { index in
            let center = (Float(index) + 0.5) * Float(source) / Float(target) - 0.5
            let clamped = min(max(center, 0), Float(source - 1))
            let low = Int(clamped)
            return (low, min(low + 1, source - 1), clamped - Float(low))
        }
    }
}

extension FloatMap {
    /// The mean of 3×3 cells with the edge cells repeated outwards.
    func averaged3x3() -> FloatMap {
        var out = self
        values.withUnsafeBufferPointer { values in
            for y in 0..<height {
                for x in 0..<width {
                    var sum: Float = 0
                    for dy in -1...1 {
                        let row = min(max(y + dy, 0), height - 1) * width
                        for dx in -1...1 { sum += values[row + min(max(x + dx, 0), width - 1)] }
                    }
                    out.values[y * width + x] = sum / 9
                }
            }
        }
        return out
    }
}
