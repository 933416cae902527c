import Glibc

/// A direction and an offset: x · weights + bias is above 0 for the positive class.
struct LinearClassifier: Sendable {
    var weights: [Double]
    var bias: Double

    /// Logistic regression with both classes weighted alike, inputs standardised, and a quadratic
    /// penalty; Newton's method (iteratively reweighted least squares).
    static func logistic(_ positive: Rows, _ negative: Rows, penalty: Double = 0.01)
        -> LinearClassifier
    {
        let width = positive.width
        guard positive.count > 0, negative.count > 0 else { return .never(width) }
        let (mean, deviation) = moments(positive, negative)
        // The last input is 1, for the bias.
        let size = width + 1
        var weights = [Double](repeating: 0, count: size)
        for _ in 0..<newtonStepsMax {
            var gradient = weights.enumerated().map { $0 < width ? penalty * $1 : 0 }
            var curvature = [Double](repeating: 0, count: size * size)
            for (rows, target) in [(positive, 1.0), (negative, 0.0)] {
                let share = 0.5 / Double(rows.count)
                accumulate(rows, width: size, into: &curvature) { row, out in
                    var logit = weights[width]
                    for index in 0..<width {
                        out[index] = (Double(row[index]) - mean[index]) / deviation[index]
                        logit += out[index] * weights[index]
                    }
                    out[width] = 1
                    let probability = 1 / (1 + exp(-logit))
                    let error = share * (probability - target)
                    for index in 0..<size { gradient[index] += error * out[index] }
                    return share * probability * (1 - probability)
                }
            }
            for index in 0..<size {
                curvature[index * size + index] += (index < width ? penalty : 0) + 1e-9
            }
            var step = Cholesky.solve(curvature, gradient)
            let length = step.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // Far from the optimum a full step can overshoot.
            if length > stepMax { step = step.map { $0 * stepMax / length } }
            for index in 0..<size { weights[index] -= step[index] }
            if length < 1e-3 * (1 + weights.reduce(0) { $0 + $1 * $1 }.squareRoot()) { break }
        }
        let raw = (0..<width).map { weights[$0] / deviation[$0] }
        let bias = weights[width] - zip(raw, mean).reduce(0) { $0 + $1.0 * $1.1 }
        return LinearClassifier(weights: raw, bias: bias)
    }

    private static let newtonStepsMax = 8
    private static let stepMax = 10.0

    private static func never(_ width: Int) -> LinearClassifier {
        LinearClassifier(weights: [Double](repeating: 0, count: width), bias: -1)
    }

    private static func mean(_ rows: Rows) -> [Double] {
        var sums = [Double](repeating: 0, count: rows.width)
        rows.values.withUnsafeBufferPointer { values in
            for row in 0..<rows.count {
                for index in 0..<rows.width {
                    sums[index] += Double(values[row * rows.width + index])
                }
            }
        }
        return sums.map { $0 / Double(rows.count) }
    }

    /// Mean and deviation of each input, the classes weighted alike.
    private static func moments(_ first: Rows, _ second: Rows) -> ([Double], [Double]) {
        let (a, b) = (mean(first), mean(second))
        let mean = zip(a, b).map { ($0 + $1) / 2 }
        var variance = [Double](repeating: 0, count: mean.count)
        for rows in [first, second] {
            let share = 0.5 / Double(rows.count)
            rows.values.withUnsafeBufferPointer { values in
                for row in 0..<rows.count {
                    for index in mean.indices {
                        let difference = Double(values[row * rows.width + index]) - mean[index]
                        variance[index] += share * difference * difference
                    }
                }
            }
        }
        return (mean, variance.map { $0.squareRoot() + 1e-6 })
    }

    /// Adds weight · x xᵀ of every row to `sums`, a symmetric matrix.
    ///
    /// Several rows are added in one pass: this is where a training with masks spends most of its
    /// time, and a pass for each row would wait for memory.
    ///
    /// - Parameter prepare: writes a row's x and gives its weight.
    private static func accumulate(
        _ rows: Rows, width size: Int, into sums: inout [Double],
        prepare: (UnsafeBufferPointer<Float>, UnsafeMutablePointer<Double>) -> Double
    ) {
        var vectors = [Double](repeating: 0, count: size * rowsAtOnce)
        rows.values.withUnsafeBufferPointer { values in
            sums.withUnsafeMutableBufferPointer { sums in
                vectors.withUnsafeMutableBufferPointer { vectors in
                    guard let sums = sums.baseAddress, let vectors = vectors.baseAddress else {
                        return
                    }
                    for start in stride(from: 0, to: rows.count, by: rowsAtOnce) {
                        var weights = SIMD4<Double>()
                        for place in 0..<min(rowsAtOnce, rows.count - start) {
                            let row = start + place
                            let inputs = values[(row * rows.width)..<((row + 1) * rows.width)]
                            weights[place] = prepare(
                                UnsafeBufferPointer(rebasing: inputs), vectors + place * size)
                        }
                        // Places without a row have the weight 0.
                        add(weights, vectors, size: size, to: sums)
                    }
                }
                for first in 0..<size {
                    for second in 0..<first {
                        sums[first * size + second] = sums[second * size + first]
                    }
                }
            }
        }
    }

    /// The lanes of `SIMD4`.
    private static let rowsAtOnce = 4

    /// Adds four weighted outer products to the upper triangle of `sums`.
    private static func add(
        _ weights: SIMD4<Double>, _ vectors: UnsafeMutablePointer<Double>, size: Int,
        to sums: UnsafeMutablePointer<Double>
    ) {
        let (a, b) = (vectors, vectors + size)
        let (c, d) = (b + size, b + 2 * size)
        for first in 0..<size {
            let factors = weights * SIMD4(a[first], b[first], c[first], d[first])
            let line = sums + first * size
            for second in first..<size {
                line[second] +=
                    (factors[0] * a[second] + factors[1] * b[second])
                    + (factors[2] * c[second] + factors[3] * d[second])
            }
        }
    }
}
