/// Tells for each patch which labels it shows: one linear discriminant a label on the whitened
/// features and the logarithm of the distance to the memory bank.
package struct PixelClassifier: Sendable, Equatable {
    /// Distances are not taken below this before their logarithm.
    static let distanceFloor: Float = 1e-3
    /// Share of the mean variance that is added to the covariance's diagonal.
    private static let regularisation = 0.05

    package let labels: [LabelClass]
    /// Length of a patch's input vector.
    package let inputs: Int
    /// `[inputs, labels]`, row-major.
    package let weights: [Float]
    /// One value a label; a logit above 0 means the label is there.
    package var bias: [Float]

    /// Fits all labels.
    ///
    /// - Parameters:
    ///   - positives: for each label, patches that show it.
    ///   - negatives: for each label, patches that do not.
    static func fit(
        labels: [LabelClass], positives: [Rows], negatives: [Rows]
    ) -> PixelClassifier {
        let inputs = positives[0].width
        var weights = [Float](repeating: 0, count: inputs * labels.count)
        var bias = [Float](repeating: 0, count: labels.count)
        for label in labels.indices {
            let (direction, offset) = discriminant(positives[label], negatives[label])
            for input in 0..<inputs {
                weights[input * labels.count + label] = Float(direction[input])
            }
            bias[label] = Float(offset)
        }
        return PixelClassifier(labels: labels, inputs: inputs, weights: weights, bias: bias)
    }

    /// Fisher's linear discriminant: S w = m₊ − m₋ with the pooled covariance S of both classes,
    /// and the offset that puts 0 halfway between the means.
    private static func discriminant(_ positive: Rows, _ negative: Rows) -> ([Double], Double) {
        let width = positive.width
        guard positive.count > 0, negative.count > 0 else {
            return ([Double](repeating: 0, count: width), -1)
        }
        let (above, below) = (mean(positive), mean(negative))
        var covariance = [Double](repeating: 0, count: width * width)
        for (rows, center) in [(positive, above), (negative, below)] {
            accumulate(rows, center, into: &covariance)
        }
        let total = Double(positive.count + negative.count)
        let trace = (0..<width).reduce(0) { $0 + covariance[$1 * width + $1] } / total
        for index in covariance.indices { covariance[index] /= total }
        for index in 0..<width {
            covariance[index * width + index] += regularisation * trace / Double(width) + 1e-9
        }
        let direction = Cholesky.solve(covariance, zip(above, below).map { $0 - $1 })
        let middle = zip(above, below).map { ($0 + $1) / 2 }
        return (direction, -zip(direction, middle).reduce(0) { $0 + $1.0 * $1.1 })
    }

    private static func mean(_ rows: Rows) -> [Double] {
        var sums = [Double](repeating: 0, count: rows.width)
        for row in 0..<rows.count {
            for (index, value) in rows[row].enumerated() { sums[index] += Double(value) }
        }
        return sums.map { $0 / Double(rows.count) }
    }

    private static func accumulate(
        _ rows: Rows, _ center: [Double], into sums: inout [Double]
    ) {
        let width = rows.width
        var difference = center
        rows.values.withUnsafeBufferPointer { values in
            sums.withUnsafeMutableBufferPointer { sums in
                for row in 0..<rows.count {
                    for index in 0..<width {
                        difference[index] = Double(values[row * width + index]) - center[index]
                    }
                    difference.withUnsafeBufferPointer { difference in
                        for first in 0..<width {
                            for second in 0..<width {
                                sums[first * width + second] +=
                                    difference[first] * difference[second]
                            }
                        }
                    }
                }
            }
        }
    }

    /// Logits of one image's patches, a grid for each label, smoothed as in the graph.
    func logits(_ rows: Rows, gridWidth: Int, gridHeight: Int) -> [FloatMap] {
        labels.indices.map { label in
            let values = (0..<rows.count).map { row in
                zip(rows[row], 0..<inputs).reduce(bias[label]) {
                    $0 + $1.0 * weights[$1.1 * labels.count + label]
                }
            }
            return FloatMap(width: gridWidth, height: gridHeight, values: values).averaged3x3()
        }
    }
}

extension FloatMap {
    /// The mean of 3×3 cells with the edge cells repeated outwards.
    func averaged3x3() -> FloatMap {
        var out = self
        for y in 0..<height {
            for x in 0..<width {
                var sum: Float = 0
                for dy in -1...1 {
                    let row = min(max(y + dy, 0), height - 1) * width
                    for dx in -1...1 { sum += values[row + min(max(x + dx, 0), width - 1)] }
                }
                out.values[y * width + x] = sum / 9
            }
        }
        return out
    }
}

/// Linear equations with a symmetric positive definite matrix.
enum Cholesky {
    /// - Parameters:
    ///   - matrix: `n * n` values, row-major.
    ///   - right: `n` values.
    static func solve(_ matrix: [Double], _ right: [Double]) -> [Double] {
        let size = right.count
        var lower = matrix
        var solution = right
        for row in 0..<size {
            for column in 0...row {
                var sum = lower[row * size + column]
                for k in 0..<column { sum -= lower[row * size + k] * lower[column * size + k] }
                lower[row * size + column] =
                    row == column
                    ? max(sum, 1e-12).squareRoot() : sum / lower[column * size + column]
            }
        }
        for row in 0..<size {
            for k in 0..<row { solution[row] -= lower[row * size + k] * solution[k] }
            solution[row] /= lower[row * size + row]
        }
        for row in (0..<size).reversed() {
            for k in (row + 1)..<max(size, row + 1) {
                solution[row] -= lower[k * size + row] * solution[k]
            }
            solution[row] /= lower[row * size + row]
        }
        return solution
    }
}
