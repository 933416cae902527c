import Glibc

/// A linear map that evens out the variance of feature vectors.
///
/// Each channel is divided by its standard deviation, then each principal component by its own
/// standard deviation to the power of `exponent`: 0 keeps the components, 1 whitens fully.
package struct Whitening: Sendable, Equatable {
    /// One value a channel.
    package let mean: [Float]
    /// `[channels, outputs]`, row-major.
    package let transform: [Float]
    package let outputs: Int

    /// Added to eigenvalues, so that a component without variance does not blow up.
    private static let shrinkage = 1e-3
    /// Least deviation of a channel, as a share of the largest one's.
    private static let deviationShareMin = 1e-3

    /// - Throws: `unsuitableDataset` when the features do not vary at all.
    static func fit(_ rows: Rows, exponent: Double, outputsMax: Int = .max) throws(VisionError)
        -> Whitening
    {
        let channels = rows.width
        let count = Double(rows.count)
        var mean = [Double](repeating: 0, count: channels)
        var squares = mean
        rows.values.withUnsafeBufferPointer { values in
            for row in 0..<rows.count {
                for channel in 0..<channels {
                    let value = Double(values[row * channels + channel])
                    mean[channel] += value
                    squares[channel] += value * value
                }
            }
        }
        for channel in 0..<channels { mean[channel] /= count }
        let spread = zip(squares, mean).map { max(0, $0 / count - $1 * $1).squareRoot() + 1e-6 }
        // A channel that hardly varies, colour on grey images say, must not drown the others.
        let least = deviationShareMin * (spread.max() ?? 0)
        let deviation = spread.map { max($0, least) }
        guard deviation.contains(where: { $0 > 1e-5 }) else {
            throw VisionError(
                .unsuitableDataset,
                "The features of the normal images do not vary at all. Are all images one flat "
                    + "colour?")
        }
        let covariance = correlation(rows, mean: mean, deviation: deviation)
        let (values, vectors) = SymmetricEigen.decompose(covariance, size: channels)
        // The components of the largest variance, in the order of the decomposition.
        let outputs = min(channels, outputsMax)
        let kept = values.indices.sorted { (values[$1], $0) < (values[$0], $1) }.prefix(outputs)
            .sorted()
        var transform = [Float](repeating: 0, count: channels * outputs)
        for (output, component) in kept.enumerated() {
            let scale = pow(max(0, values[component]) + shrinkage, -exponent / 2)
            for channel in 0..<channels {
                transform[channel * outputs + output] = Float(
                    vectors[channel * channels + component] * scale / deviation[channel])
            }
        }
        return Whitening(mean: mean.map(Float.init), transform: transform, outputs: outputs)
    }

    private static func correlation(_ rows: Rows, mean: [Double], deviation: [Double]) -> [Double] {
        let channels = rows.width
        var sums = [Double](repeating: 0, count: channels * channels)
        var scaled = [Double](repeating: 0, count: channels)
        rows.values.withUnsafeBufferPointer { values in
            sums.withUnsafeMutableBufferPointer { sums in
                for row in 0..<rows.count {
                    for channel in 0..<channels {
                        scaled[channel] =
                            (Double(values[row * channels + channel]) - mean[channel])
                            / deviation[channel]
                    }
                    scaled.withUnsafeBufferPointer { scaled in
                        for first in 0..<channels {
                            let factor = scaled[first]
                            for second in first..<channels {
                                sums[first * channels + second] += factor * scaled[second]
                            }
                        }
                    }
                }
            }
        }
        for first in 0..<channels {
            for second in first..<channels {
                let value = sums[first * channels + second] / Double(rows.count)
                sums[first * channels + second] = value
                sums[second * channels + first] = value
            }
        }
        return sums
    }

    /// The whitened rows.
    func apply(to rows: Rows) -> Rows {
        let channels = rows.width
        var out = [Float](repeating: 0, count: rows.count * outputs)
        rows.values.withUnsafeBufferPointer { source in
            transform.withUnsafeBufferPointer { transform in
                out.withUnsafeMutableBufferPointer { out in
                    for row in 0..<rows.count {
                        for channel in 0..<channels {
                            let value = source[row * channels + channel] - mean[channel]
                            for output in 0..<outputs {
                                out[row * outputs + output] +=
                                    value * transform[channel * outputs + output]
                            }
                        }
                    }
                }
            }
        }
        return Rows(width: outputs, values: out)
    }
}

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
