/// The distance of the filter bank's features, and its share in the score by distance:
///
///     v = mean of the k highest t-distances
///     u = exp((1 − share) · log u₀ + share · (scale · log v + offset))
///
/// u₀ is the score by the backbone's features alone. Scores are joined, not features: features that
/// say little drown those that say much.
package struct TextureScore: Sendable, Equatable {
    /// What whitened textures of normal patches look like.
    package var normal: NormalModel
    /// Of its distances.
    package var border: BorderScale
    /// k as a share of the map's cells; 0 takes the maximum.
    package var pooledFraction: Double
    /// Weight of the texture's logarithm, 0.25 or 0.5; the backbone's has the rest.
    package var share: Float
    /// Ratio of the deviations of both logarithms among normal images.
    package var scale: Float
    /// Brings the means of both logarithms among normal images together.
    package var offset: Float
}
