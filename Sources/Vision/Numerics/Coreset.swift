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
        let vectors = PackedRows(pool)
        var nearest = [Nearest](repeating: Nearest(), count: pool.count)
        var taken: [Int] = []
        var next = Int.random(in: 0..<pool.count, using: &random)
        for _ in 0..<count {
            taken.append(next)
            next = farthest(vectors, afterTaking: taken, nearest: &nearest)
        }
        return Rows(width: pool.width, values: taken.flatMap { pool[$0] })
    }

    /// Brings `nearest` up to date with the row taken last and returns the row that is farthest.
    ///
    /// Where that row lies at least twice as far from a row's nearest as the row itself does, it
    /// cannot be nearer (the triangle's inequality), and is not compared.
    private static func farthest(
        _ vectors: PackedRows, afterTaking taken: [Int], nearest: inout [Nearest]
    ) -> Int {
        var best = (index: 0, distance: -Float.infinity)
        vectors.withSquaredDistances { squaredDistance in
            let last = taken.count - 1
            let apart = taken.map { squaredDistance($0, taken[last]) }
            nearest.withUnsafeMutableBufferPointer { nearest in
                for row in 0..<nearest.count {
                    let known = nearest[row]
                    if last == 0 || apart[known.taken] < 4 * known.distance {
                        let distance = squaredDistance(row, taken[last])
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

    /// What was taken that is nearest to a row.
    private struct Nearest {
        /// Squared.
        var distance = Float.infinity
        /// Its place in the order of taking.
        var taken = 0
    }
}
