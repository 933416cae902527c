/// A classifier of patches that was shown labelled anomalies, and how its opinion joins the
/// distance:
///
///     l = (z, log d, t) · w + b           opinion on each patch, averaged over 3×3 cells
///     s = mean of the k highest l
///     score = max(u, exp(scale · s + offset))     u: the score by distance alone
///
/// t are the whitened features of the filter bank. So what the labels taught is found by the
/// classifier, and what nobody has seen by its distance.
package struct Supervision: Sendable, Equatable {
    /// One value an input: the whitened features, log d, the filter bank's whitened features.
    package var weights: [Float]
    /// b, added to the weighted inputs.
    package var bias: Float
    /// k as a share of the map's cells; 0 takes the maximum.
    package var pooledFraction: Double
    /// From opinions to logarithms of distances: the ratio of the deviations of both among normal
    /// images.
    package var scale: Float
    /// Added after `scale`; it includes the margin that training chose.
    package var offset: Float
}
