/// Eigenvalues of symmetric matrices by cyclic Jacobi rotations (Golub and Van Loan, "Matrix
/// Computations", 8.5), exact enough and quick at the 64×64 to 128×128 that whitening needs.
enum SymmetricEigen {
    private static let sweepsMax = 60

    /// - Parameter matrix: `size * size` values, row-major.
    /// - Returns: eigenvalues, and eigenvectors as the columns of a row-major matrix.
    static func decompose(_ matrix: [Double], size: Int) -> (values: [Double], vectors: [Double]) {
        var a = matrix
        var vectors = [Double](repeating: 0, count: size * size)
        for index in 0..<size { vectors[index * size + index] = 1 }
        let scale = matrix.reduce(0) { $0 + $1 * $1 }
        for _ in 0..<sweepsMax {
            var offDiagonal = 0.0
            for p in 0..<size {
                for q in (p + 1)..<max(size, p + 1) {
                    offDiagonal += a[p * size + q] * a[p * size + q]
                }
            }
            if offDiagonal <= 1e-22 * scale { break }
            for p in 0..<size {
                for q in (p + 1)..<max(size, p + 1) {
                    rotate(&a, &vectors, p, q, size)
                }
            }
        }
        return ((0..<size).map { a[$0 * size + $0] }, vectors)
    }

    private static func rotate(
        _ a: inout [Double], _ vectors: inout [Double], _ p: Int, _ q: Int, _ size: Int
    ) {
        let apq = a[p * size + q]
        guard apq != 0 else { return }
        let theta = (a[q * size + q] - a[p * size + p]) / (2 * apq)
        let sign: Double = theta < 0 ? -1 : 1
        let tangent = sign / (abs(theta) + (theta * theta + 1).squareRoot())
        let cosine = 1 / (tangent * tangent + 1).squareRoot()
        let sine = tangent * cosine
        for k in 0..<size {
            let (akp, akq) = (a[k * size + p], a[k * size + q])
            a[k * size + p] = cosine * akp - sine * akq
            a[k * size + q] = sine * akp + cosine * akq
        }
        for k in 0..<size {
            let (apk, aqk) = (a[p * size + k], a[q * size + k])
            a[p * size + k] = cosine * apk - sine * aqk
            a[q * size + k] = sine * apk + cosine * aqk
            let (vkp, vkq) = (vectors[k * size + p], vectors[k * size + q])
            vectors[k * size + p] = cosine * vkp - sine * vkq
            vectors[k * size + q] = sine * vkp + cosine * vkq
        }
    }
}
