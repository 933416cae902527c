/// How a map becomes one score.
enum Pooling {
    /// Fractions that cross-validation chooses among; 0 is the maximum.
    static let fractions = [0.0, 0.001, 0.005, 0.01, 0.03, 0.05]

    /// Cells whose mean is taken, at least one.
    static func count(fraction: Double, of cells: Int) -> Int {
        max(1, Int((fraction * Double(cells)).rounded()))
    }

    /// - Parameter descending: values from the highest on, as many as `fraction` needs.
    static func score(descending: [Float], fraction: Double, of cells: Int) -> Double {
        let count = min(Self.count(fraction: fraction, of: cells), descending.count)
        return descending.prefix(count).reduce(0) { $0 + Double($1) } / Double(count)
    }

    static func score(_ values: [Float], fraction: Double) -> Double {
        score(descending: highest(values), fraction: fraction, of: values.count)
    }

    /// The values that the largest fraction needs, from the highest on.
    static func highest(_ values: [Float]) -> [Float] {
        let count = count(fraction: fractions.max() ?? 0, of: values.count)
        return Array(values.sorted(by: >).prefix(count))
    }
}
