/// Antialiased resizing with a triangle filter.
///
/// All arithmetic is in integers, so server and device get the same bytes on any processor.
/// Reference: separable resampling as in Pillow's `BILINEAR`, 22 fractional bits a weight.
package enum Resize {
    private static let fractionBits = 22

    private struct Taps {
        var first: [Int] = []
        var weights: [[Int32]] = []
    }

    private static func taps(from source: Int, to target: Int) -> Taps {
        let scale = Double(source) / Double(target)
        let support = max(scale, 1)
        var taps = Taps()
        for index in 0..<target {
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int((center - support + 0.5).rounded(.down)))
            let last = min(source, Int((center + support + 0.5).rounded(.down)))
            let raw = (first..<last).map {
                max(0, 1 - abs((Double($0) + 0.5 - center) / support))
            }
            let sum = raw.reduce(0, +)
            taps.first.append(first)
            taps.weights.append(
                raw.map { Int32(($0 / sum * Double(1 << fractionBits)).rounded()) })
        }
        return taps
    }

    /// - Returns: `image` itself when it has the size already.
    package static func resize(_ image: RGBImage, width: Int, height: Int) -> RGBImage {
        if image.width == width, image.height == height { return image }
        let horizontal = taps(from: image.width, to: width)
        let vertical = taps(from: image.height, to: height)
        var rows = [UInt8](repeating: 0, count: width * image.height * 3)
        var out = [UInt8](repeating: 0, count: width * height * 3)
        image.pixels.withUnsafeBufferPointer { source in
            rows.withUnsafeMutableBufferPointer { target in
                for y in 0..<image.height {
                    resample(
                        source, offset: y * image.width * 3, stride: 3, horizontal, lanes: 3,
                        into: target, offset: y * width * 3, stride: 3)
                }
            }
        }
        rows.withUnsafeBufferPointer { source in
            out.withUnsafeMutableBufferPointer { target in
                resample(
                    source, offset: 0, stride: width * 3, vertical, lanes: width * 3,
                    into: target, offset: 0, stride: width * 3)
            }
        }
        return RGBImage(width: width, height: height, pixels: out)
    }

    /// Filters along one axis. `lanes` neighbouring bytes share each step of `stride`.
    private static func resample(
        _ source: UnsafeBufferPointer<UInt8>, offset sourceOffset: Int, stride sourceStride: Int,
        _ taps: Taps, lanes: Int,
        into target: UnsafeMutableBufferPointer<UInt8>, offset targetOffset: Int,
        stride targetStride: Int
    ) {
        let half = Int32(1) << Int32(fractionBits - 1)
        for index in 0..<taps.first.count {
            let base = sourceOffset + taps.first[index] * sourceStride
            taps.weights[index].withUnsafeBufferPointer { weights in
                for lane in 0..<lanes {
                    var sum = half
                    var position = base + lane
                    for weight in weights {
                        sum &+= Int32(source[position]) &* weight
                        position += sourceStride
                    }
                    target[targetOffset + index * targetStride + lane] =
                        UInt8(clamping: sum >> Int32(fractionBits))
                }
            }
        }
    }
}

/// A grid of floats, rows from the top.
package struct FloatMap: Sendable, Equatable {
    package let width: Int
    package let height: Int
    package var values: [Float]

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
        values.withUnsafeBufferPointer { source in
            for (y, row) in Self.positions(from: self.height, to: height).enumerated() {
                let (top, bottom) = (row.low * self.width, row.high * self.width)
                for (x, column) in columns.enumerated() {
                    let upper =
                        source[top + column.low]
                        + (source[top + column.high] - source[top + column.low]) * column.share
                    let lower =
                        source[bottom + column.low]
                        + (source[bottom + column.high] - source[bottom + column.low])
                        * column.share
                    out[y * width + x] = upper + (lower - upper) * row.share
                }
            }
        }
        return FloatMap(width: width, height: height, values: out)
    }

    private static func positions(from source: Int, to target: Int) -> [(
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
