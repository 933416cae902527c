/// Seeded samples.
enum Sampling {
    /// `limit` rows without replacement; all of them when there are no more.
    static func rows(
        _ limit: Int, of rows: Rows, using random: inout some RandomNumberGenerator
    ) -> Rows {
        guard rows.count > limit else { return rows }
        return rows.picked(indices(limit, below: rows.count, using: &random))
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
