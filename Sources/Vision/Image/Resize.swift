/// Antialiased resizing with a triangle filter.
///
/// All arithmetic is in integers, so server and device get the same bytes on any processor.
/// Reference: separable resampling as in Pillow's `BILINEAR`, 22 fractional bits a weight.
package enum Resize {
    private static let fractionBits = 22

    /// Which source positions make up each target position, and with what weights.
    private struct Taps {
        /// First source position of each target position.
        var first: [Int] = []
        /// Where each target position's weights begin in `weights`; one more than positions.
        var offset: [Int] = [0]
        var weights: [Int32] = []
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
            taps.weights += raw.map { Int32(($0 / sum * Double(1 << fractionBits)).rounded()) }
            taps.offset.append(taps.weights.count)
        }
        return taps
    }

    /// - Returns: `image` itself when it has the size already.
    package static func resize(_ image: RGBImage, width: Int, height: Int) -> RGBImage {
        if image.width == width, image.height == height { return image }
        var narrow = [UInt8](repeating: 0, count: width * image.height * 3)
        var out = [UInt8](repeating: 0, count: width * height * 3)
        image.pixels.withUnsafeBufferPointer { source in
            narrow.withUnsafeMutableBufferPointer { target in
                horizontal(
                    source, rows: image.height, from: image.width, into: target, to: width)
            }
        }
        narrow.withUnsafeBufferPointer { source in
            out.withUnsafeMutableBufferPointer { target in
                vertical(
                    source, rowBytes: width * 3, from: image.height, into: target, to: height)
            }
        }
        return RGBImage(width: width, height: height, pixels: out)
    }

    private static let half = Int32(1) << Int32(fractionBits - 1)

    private static func byte(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> Int32(fractionBits)) }

    private static func horizontal(
        _ source: UnsafeBufferPointer<UInt8>, rows: Int, from sourceWidth: Int,
        into target: UnsafeMutableBufferPointer<UInt8>, to width: Int
    ) {
        let taps = taps(from: sourceWidth, to: width)
        taps.weights.withUnsafeBufferPointer { weights in
            for row in 0..<rows {
                for index in 0..<width {
                    var (red, green, blue) = (half, half, half)
                    var position = (row * sourceWidth + taps.first[index]) * 3
                    for tap in taps.offset[index]..<taps.offset[index + 1] {
                        let weight = weights[tap]
                        red &+= Int32(source[position]) &* weight
                        green &+= Int32(source[position + 1]) &* weight
                        blue &+= Int32(source[position + 2]) &* weight
                        position += 3
                    }
                    let place = (row * width + index) * 3
                    target[place] = byte(red)
                    target[place + 1] = byte(green)
                    target[place + 2] = byte(blue)
                }
            }
        }
    }

    /// Adds whole rows, which the processor does many bytes at a time.
    private static func vertical(
        _ source: UnsafeBufferPointer<UInt8>, rowBytes: Int, from sourceHeight: Int,
        into target: UnsafeMutableBufferPointer<UInt8>, to height: Int
    ) {
        let taps = taps(from: sourceHeight, to: height)
        var sums = [Int32](repeating: 0, count: rowBytes)
        sums.withUnsafeMutableBufferPointer { sums in
            for index in 0..<height {
                sums.update(repeating: half)
                for tap in taps.offset[index]..<taps.offset[index + 1] {
                    let weight = taps.weights[tap]
                    let row = (taps.first[index] + tap - taps.offset[index]) * rowBytes
                    for position in 0..<rowBytes {
                        sums[position] &+= Int32(source[row + position]) &* weight
                    }
                }
                for position in 0..<rowBytes {
                    target[index * rowBytes + position] = byte(sums[position])
                }
            }
        }
    }
}
