/// Rows of two classes with each column moved and scaled to mean 0 and deviation 1, the classes
/// weighted alike, and a last column of ones; in blocks of sixteen, as `PackedVector`.
struct StandardRows {
    let mean: [Double]
    /// Above 0.
    let deviation: [Double]
    private let count: Int
    private let blocks: Int
    private let values: [SIMD16<Float>]

    /// - Precondition: both have a row and the same width.
    init(_ first: Rows, _ second: Rows) {
        let (mean, deviation) = Self.moments(first, second)
        let width = first.width
        let blocks = (width + 1 + 15) / 16
        var values: [SIMD16<Float>] = []
        values.reserveCapacity((first.count + second.count) * blocks)
        let factors = deviation.map { 1 / Float($0) }
        let offsets = mean.map { Float($0) }
        for rows in [first, second] {
            rows.values.withUnsafeBufferPointer { source in
                for row in 0..<rows.count {
                    for block in 0..<blocks {
                        var lane = SIMD16<Float>()
                        for place in 0..<16 {
                            let column = block * 16 + place
                            if column < width {
                                let value = source[row * width + column]
                                lane[place] = (value - offsets[column]) * factors[column]
                            } else if column == width {
                                lane[place] = 1
                            }
                        }
                        values.append(lane)
                    }
                }
            }
        }
        self.mean = mean
        self.deviation = deviation
        self.values = values
        self.blocks = blocks
        count = first.count + second.count
    }

    /// A vector with a value for each column, the ones' last.
    func vector(_ value: (Int) -> Float) -> PackedVector {
        var blocks = [SIMD16<Float>](repeating: SIMD16(), count: self.blocks)
        for column in 0...mean.count { blocks[column / 16][column % 16] = value(column) }
        return PackedVector(blocks: blocks)
    }

    /// Each row's product with `vector`, those of the first class before those of the second.
    func products(with vector: PackedVector) -> [Float] {
        var out = [Float](repeating: 0, count: count)
        values.withUnsafeBufferPointer { values in
            vector.blocks.withUnsafeBufferPointer { vector in
                for row in 0..<count {
                    var sum = SIMD16<Float>()
                    for block in 0..<blocks { sum += values[row * blocks + block] * vector[block] }
                    out[row] = sum.sum()
                }
            }
        }
        return out
    }

    /// The sum of all rows, each times its factor.
    func sums(_ factors: [Float]) -> PackedVector {
        var out = [SIMD16<Float>](repeating: SIMD16(), count: blocks)
        values.withUnsafeBufferPointer { values in
            out.withUnsafeMutableBufferPointer { out in
                for row in 0..<count {
                    let factor = factors[row]
                    for block in 0..<blocks { out[block] += values[row * blocks + block] * factor }
                }
            }
        }
        return PackedVector(blocks: out)
    }

    private static func moments(_ first: Rows, _ second: Rows) -> ([Double], [Double]) {
        let width = first.width
        func mean(of rows: Rows, _ part: (Double, Int) -> Double) -> [Double] {
            var sums = [Double](repeating: 0, count: width)
            rows.values.withUnsafeBufferPointer { values in
                for row in 0..<rows.count {
                    for column in 0..<width {
                        sums[column] += part(Double(values[row * width + column]), column)
                    }
                }
            }
            return sums.map { $0 / Double(rows.count) }
        }
        func mean(_ part: (Double, Int) -> Double) -> [Double] {
            zip(mean(of: first, part), mean(of: second, part)).map { ($0 + $1) / 2 }
        }
        let middle = mean { value, _ in value }
        let variance = mean { value, column in
            (value - middle[column]) * (value - middle[column])
        }
        return (middle, variance.map { $0.squareRoot() + 1e-6 })
    }
}

/// A vector in blocks of sixteen, which the processor's vector units take at once; what is beyond
/// its length is 0.
struct PackedVector {
    fileprivate(set) var blocks: [SIMD16<Float>]

    subscript(index: Int) -> Float { blocks[index / 16][index % 16] }

    func dot(_ other: PackedVector) -> Double {
        var sum = 0.0
        for index in blocks.indices { sum += Double((blocks[index] * other.blocks[index]).sum()) }
        return sum
    }

    /// Element by element.
    func times(_ other: PackedVector) -> PackedVector {
        PackedVector(blocks: blocks.indices.map { blocks[$0] * other.blocks[$0] })
    }

    func scaled(_ factor: Float) -> PackedVector {
        PackedVector(blocks: blocks.map { $0 * factor })
    }

    func adding(_ other: PackedVector, scaledBy factor: Float = 1) -> PackedVector {
        PackedVector(blocks: blocks.indices.map { blocks[$0] + other.blocks[$0] * factor })
    }
}
