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
    /// Length of a whitened vector: at most the channels. Components of larger variance come first.
    package let outputs: Int

    /// Added to eigenvalues, so that a component without variance does not blow up.
    private static let shrinkage = 1e-3
    /// Least deviation of a channel, as a share of the largest one's.
    private static let deviationShareMin = 1e-3

    /// - Throws: `unsuitableDataset` when the features do not vary at all.
    static func fit(_ rows: Rows, exponent: Double) throws(VisionError) -> Whitening {
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
        let ordered = values.indices.sorted { (values[$1], $0) < (values[$0], $1) }
        let outputs = channels
        var transform = [Float](repeating: 0, count: channels * outputs)
        for (output, component) in ordered.enumerated() {
            let scale = pow(max(0, values[component]) + shrinkage, -exponent / 2)
            for channel in 0..<channels {
                transform[channel * outputs + output] = Float(
                    vectors[channel * channels + component] * scale / deviation[channel])
            }
        }
        return Whitening(mean: mean.map(Float.init), transform: transform, outputs: outputs)
    }

    /// The components of the largest variance alone.
    func leading(_ count: Int) -> Whitening {
        guard count < outputs else { return self }
        var kept: [Float] = []
        kept.reserveCapacity(mean.count * count)
        for channel in mean.indices {
            kept += transform[(channel * outputs)..<(channel * outputs + count)]
        }
        return Whitening(mean: mean, transform: kept, outputs: count)
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
        let blocks = (outputs + 15) / 16
        var packed = [SIMD16<Float>](repeating: SIMD16(), count: blocks * channels)
        for channel in 0..<channels {
            for output in 0..<outputs {
                packed[output / 16 * channels + channel][output % 16] =
                    transform[channel * outputs + output]
            }
        }
        var centred = [Float](repeating: 0, count: channels)
        var out = [Float](repeating: 0, count: rows.count * outputs)
        rows.values.withUnsafeBufferPointer { source in
            packed.withUnsafeBufferPointer { packed in
                centred.withUnsafeMutableBufferPointer { centred in
                    out.withUnsafeMutableBufferPointer { out in
                        for row in 0..<rows.count {
                            for channel in 0..<channels {
                                centred[channel] = source[row * channels + channel] - mean[channel]
                            }
                            for block in 0..<blocks {
                                var sums = SIMD16<Float>()
                                let from = block * channels
                                for channel in 0..<channels {
                                    sums += centred[channel] * packed[from + channel]
                                }
                                for output in (block * 16)..<min(outputs, block * 16 + 16) {
                                    out[row * outputs + output] = sums[output % 16]
                                }
                            }
                        }
                    }
                }
            }
        }
        return Rows(width: outputs, values: out)
    }
}
