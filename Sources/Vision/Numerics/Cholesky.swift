/// Linear equations with a symmetric positive definite matrix.
enum Cholesky {
    /// - Parameters:
    ///   - matrix: `n * n` values, row-major.
    ///   - right: `n` values.
    static func solve(_ matrix: [Double], _ right: [Double]) -> [Double] {
        let size = right.count
        var lower = matrix
        var solution = right
        lower.withUnsafeMutableBufferPointer { lower in
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
        }
        return solution
    }
}
