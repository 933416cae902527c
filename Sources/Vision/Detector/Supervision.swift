/// A classifier of patches that was shown labelled anomalies, and how its opinion joins the
/// distance:
///
///     l = (z, log d, t) · w + b           opinion on each patch, averaged over 3×3 cells
///     s = mean of the k highest l
///     score = u · exp(max(0, scale · s + offset))     u: the score by distance alone
///
/// t are the whitened features of the filter bank, where the view has it. So an opinion can only
/// raise a score: what the labels taught stands out, and what nobody has seen keeps its distance.
package struct Supervision: Sendable, Equatable {
    /// Beyond e^10 a factor says nothing more, and a float could overflow.
    static let logFactorMax: Float = 10

    /// One value an input: the whitened features, log d, the filter bank's whitened features.
    package var weights: [Float]
    /// b, added to the weighted inputs.
    package var bias: Float
    /// k as a share of the map's cells; 0 takes the maximum.
    package var pooledFraction: Double
    /// From opinions to logarithms of distances: the ratio of the deviations of both among normal
    /// images, times the weight of an opinion.
    package var scale: Float
    /// Added after `scale`: an opinion counts that lies above the mean of normal images.
    package var offset: Float
}

extension Supervision {
    /// What an image's opinion adds to the logarithm of its score, 0 to `logFactorMax`.
    func logFactor(_ opinion: Double) -> Double {
        min(max(Double(scale) * opinion + Double(offset), 0), Double(Self.logFactorMax))
    }
}
