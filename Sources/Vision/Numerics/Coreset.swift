/// Chooses a few rows that lie near all others.
enum Coreset {
    /// Greedy farthest-point selection (Gonzalez, 1985), which PatchCore uses for its memory bank:
    /// each step takes the row that is farthest from those taken.
    ///
    /// - Parameter candidates: sampled first when there are more than
    ///   `VisionLimits.coresetCandidatesPerPatch` for each row to take.
    static func select(
        _ count: Int, from candidates: Rows, using random: inout some RandomNumberGenerator
    ) -> Rows {
        let limit = count * VisionLimits.coresetCandidatesPerPatch
        let pool = Sampling.rows(limit, of: candidates, using: &random)
        guard pool.count > count else { return pool }
        let vectors = Packed(pool)
        var nearest = [Float](repeating: .infinity, count: pool.count)
        var chosen = Rows(width: pool.width)
        var next = Int.random(in: 0..<pool.count, using: &random)
        for _ in 0..<count {
            chosen.append(pool[next])
            next = vectors.farthest(afterTaking: next, nearest: &nearest)
        }
        return chosen
    }

    /// Rows in blocks of sixteen, which the processor's vector units take at once.
    private struct Packed {
        let blocks: Int
        let values: [SIMD16<Float>]

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

        /// Brings `nearest` up to date with row `taken` and returns the row that is farthest.
        func farthest(afterTaking taken: Int, nearest: inout [Float]) -> Int {
            var best = (index: 0, distance: -Float.infinity)
            values.withUnsafeBufferPointer { values in
                nearest.withUnsafeMutableBufferPointer { nearest in
                    for row in 0..<nearest.count {
                        var sums = SIMD16<Float>()
                        for block in 0..<blocks {
                            let difference =
                                values[row * blocks + block] - values[taken * blocks + block]
                            sums += difference * difference
                        }
                        let distance = min(nearest[row], sums.sum())
                        nearest[row] = distance
                        if distance > best.distance { best = (row, distance) }
                    }
                }
            }
            return best.index
        }
    }
}
