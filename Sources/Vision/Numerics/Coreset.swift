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
        var nearest = [Nearest](repeating: Nearest(), count: pool.count)
        var taken: [Int] = []
        var next = Int.random(in: 0..<pool.count, using: &random)
        for _ in 0..<count {
            taken.append(next)
            next = vectors.farthest(afterTaking: taken, nearest: &nearest)
        }
        return Rows(width: pool.width, values: taken.flatMap { pool[$0] })
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

        private func squaredDistance(
            _ a: Int, _ b: Int, _ values: UnsafeBufferPointer<SIMD16<Float>>
        ) -> Float {
            var sums = SIMD16<Float>()
            for block in 0..<blocks {
                let difference = values[a * blocks + block] - values[b * blocks + block]
                sums += difference * difference
            }
            return sums.sum()
        }

        /// Brings `nearest` up to date with the row taken last and returns the row that is
        /// farthest.
        ///
        /// Where that row lies at least twice as far from a row's nearest as the row itself does,
        /// it cannot be nearer (the triangle's inequality), and is not compared.
        func farthest(afterTaking taken: [Int], nearest: inout [Nearest]) -> Int {
            var best = (index: 0, distance: -Float.infinity)
            values.withUnsafeBufferPointer { values in
                let last = taken.count - 1
                let apart = taken.map { squaredDistance($0, taken[last], values) }
                nearest.withUnsafeMutableBufferPointer { nearest in
                    for row in 0..<nearest.count {
                        let known = nearest[row]
                        if last == 0 || apart[known.taken] < 4 * known.distance {
                            let distance = squaredDistance(row, taken[last], values)
                            if distance < known.distance {
                                nearest[row] = Nearest(distance: distance, taken: last)
                            }
                        }
                        let distance = nearest[row].distance
                        if distance > best.distance { best = (row, distance) }
                    }
                }
            }
            return best.index
        }
    }

    /// What was taken that is nearest to a row.
    private struct Nearest {
        /// Squared.
        var distance = Float.infinity
        /// Its place in the order of taking.
        var taken = 0
    }
}
