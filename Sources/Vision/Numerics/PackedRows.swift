/// Rows in blocks of sixteen, which the processor's vector units take at once.
struct PackedRows {
    private let blocks: Int
    private let values: [SIMD16<Float>]

    init(_ rows: Rows) {
        blocks = (rows.width + 15) / 16
        var values: [SIMD16<Float>] = []
        values.reserveCapacity(rows.count * blocks)
        for row in 0..<rows.count {
            let slice = rows[row]
            for block in 0..<blocks {
                var lane = SIMD16<Float>()
                for (offset, value) in slice.dropFirst(block * 16).prefix(16).enumerated() {
                    lane[offset] = value
                }
                values.append(lane)
            }
        }
        self.values = values
    }

    /// Squared distances between rows, as a function that reads without checks of bounds.
    func withSquaredDistances<Result>(_ body: ((Int, Int) -> Float) -> Result) -> Result {
        values.withUnsafeBufferPointer { values in
            body { a, b in
                var sums = SIMD16<Float>()
                for block in 0..<blocks {
                    let difference = values[a * blocks + block] - values[b * blocks + block]
                    sums += difference * difference
                }
                return sums.sum()
            }
        }
    }
}
