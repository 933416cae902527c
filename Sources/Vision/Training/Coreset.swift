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

/// Seeded samples.
enum Sampling {
    /// `limit` rows without replacement; all of them when there are no more.
    static func rows(
        _ limit: Int, of rows: Rows, using random: inout some RandomNumberGenerator
    ) -> Rows {
        guard rows.count > limit else { return rows }
        var out = Rows(width: rows.width)
        out.values.reserveCapacity(limit * rows.width)
        for index in indices(limit, below: rows.count, using: &random) { out.append(rows[index]) }
        return out
    }

    /// `count` different numbers below `bound`: the head of a Fisher-Yates shuffle.
    static func indices(
        _ count: Int, below bound: Int, using random: inout some RandomNumberGenerator
    ) -> [Int] {
        var all = Array(0..<bound)
        for index in 0..<min(count, bound) {
            all.swapAt(index, Int.random(in: index..<bound, using: &random))
        }
        return Array(all.prefix(count))
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers for the same seed everywhere, which
/// the system's generator does not promise.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
