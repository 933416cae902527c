/// The directions in which many grids of equal size vary most, as new grids.
struct PrincipalPlanes {
    /// The one that varies most first; each divided by the root of its deviation, which leaves
    /// half of the difference between those that vary much and little.
    let planes: [[Float]]
    /// Of `planes`.
    let deviations: [Float]

    private static let rounds = 12
    private static let spare = 8
    /// Covariances are of at most this many cells.
    private static let cellsMax = 4096

    /// - Parameter planes: of equal length, each with the mean 0; at least `count`.
    init(_ planes: [[Float]], count: Int) {
        let size = planes.count
        let covariance = Self.covariance(planes)
        let wide = min(size, count + Self.spare)
        // Orthogonal iteration, then the exact directions within what it found (Golub and Van
        // Loan, "Matrix Computations", 8.2). `SymmetricEigen` finds all 176 directions of a network
        // where 24 are asked for, which took half of the 340 ms of an answer to a click.
        var random = SeededRandom(seed: 1)
        var basis = (0..<wide).map { _ in
            (0..<size).map { _ in Double.random(in: -1...1, using: &random) }
        }
        for _ in 0..<Self.rounds {
            basis = Self.orthogonal(basis.map { Self.product(covariance, $0) })
        }
        let images = basis.map { Self.product(covariance, $0) }
        let small = basis.flatMap { row in
            images.map { image in zip(row, image).reduce(0) { $0 + $1.0 * $1.1 } }
        }
        let (values, vectors) = SymmetricEigen.decompose(small, size: wide)
        let order = values.indices.sorted { values[$0] > values[$1] }.prefix(count)
        var found: (planes: [[Float]], deviations: [Float]) = ([], [])
        for column in order {
            let deviation = Float(max(0, values[column]).squareRoot())
            let factor = deviation > 1e-6 ? 1 / deviation.squareRoot() : 0
            var plane = [Float](repeating: 0, count: planes[0].count)
            for (index, source) in planes.enumerated() {
                var weight = 0.0
                for row in 0..<wide { weight += vectors[row * wide + column] * basis[row][index] }
                let share = Float(weight) * factor
                for cell in plane.indices { plane[cell] += share * source[cell] }
            }
            found.planes.append(plane)
            found.deviations.append(deviation * factor)
        }
        (self.planes, deviations) = found
    }

    private static func covariance(_ planes: [[Float]]) -> [[Double]] {
        let step = max(1, planes[0].count / cellsMax)
        let picked = planes.map { plane in
            stride(from: 0, to: plane.count, by: step).map { plane[$0] }
        }
        let count = Double(picked[0].count)
        var out = [[Double]](
            repeating: [Double](repeating: 0, count: planes.count), count: planes.count)
        for first in picked.indices {
            for second in 0...first {
                var sum: Float = 0
                for cell in picked[first].indices {
                    sum += picked[first][cell] * picked[second][cell]
                }
                out[first][second] = Double(sum) / count
                out[second][first] = out[first][second]
            }
        }
        return out
    }

    private static func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
        matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    /// Gram and Schmidt's; a vector that depends on those before it becomes 0.
    private static func orthogonal(_ vectors: [[Double]]) -> [[Double]] {
        var out: [[Double]] = []
        for vector in vectors {
            var rest = vector
            for _ in 0..<2 {
                for known in out {
                    let share = zip(rest, known).reduce(0) { $0 + $1.0 * $1.1 }
                    for index in rest.indices { rest[index] -= share * known[index] }
                }
            }
            let length = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            out.append(rest.map { length > 1e-12 ? $0 / length : 0 })
        }
        return out
    }
}
