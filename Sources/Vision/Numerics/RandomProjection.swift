import Glibc

/// Random directions, the same everywhere.
enum RandomProjection {
    private static let seed: UInt64 = 0x5071_7EC7

    /// `[rows, columns]` normal numbers of variance 1 / `columns`, row-major (Box and Muller).
    static func values(rows: Int, columns: Int) -> [Float] {
        var random = SeededRandom(seed: seed)
        let scale = 1 / Double(columns).squareRoot()
        return (0..<rows * columns).map { _ in
            let radius = (-2 * log(Double.random(in: 1e-12...1, using: &random))).squareRoot()
            let angle = Double.random(in: 0...(2 * Double.pi), using: &random)
            return Float(scale * radius * cos(angle))
        }
    }
}
