/// What training found out: everything between the features and the score.
package struct DetectorHead: Sendable {
    /// Whether features are averaged over 3×3 cells first.
    package var isSmoothed: Bool
    /// Share of the map's cells, the highest ones, whose mean is the score; 0 takes the maximum.
    package var pooledFraction: Double
    /// From C backbone features to D whitened ones, fitted to normal patches.
    package var whitening: Whitening
    /// Gives each whitened patch its distance, by the leading channels.
    package var normal: NormalModel
    /// Of the distances.
    package var border: BorderScale
    /// Of the filter bank's features, that the classifiers see too.
    package var textureWhitening: Whitening?
    /// nil scores by the backbone's features alone.
    package var textureScore: TextureScore?
    /// nil without labelled anomalies, or where a taught classifier did not rank better.
    package var supervision: Supervision?
    /// nil for a model without masks.
    package var classifier: PixelClassifier?
}
