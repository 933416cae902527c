import Glibc

/// Computes what classifiers see of an image: whitened features, the logarithm of the distance, the
/// whitened texture. Of all images at once it would be as much as their features.
struct ClassifierReader {
    private let validation: CrossValidation
    private let fit: CrossValidation.Fit
    private let smoothing: InferenceSession?

    init(_ validation: CrossValidation, _ fit: CrossValidation.Fit) throws(VisionError) {
        self.validation = validation
        self.fit = fit
        smoothing = try validation.smoothing(fit.configuration.isSmoothed)
    }

    /// - Parameters:
    ///   - distances: of all cells of the image.
    ///   - cells: that are wanted, a row each; nil for all.
    func inputs(_ image: ViewImage, _ distances: [Float], cells: [Int]? = nil)
        throws(VisionError) -> Rows
    {
        func kept(_ rows: Rows) -> Rows { cells.map(rows.picked) ?? rows }
        let whitened = fit.whitening.apply(to: kept(try validation.rows(image, smoothing)))
        var texture: Rows?
        if let whitening = fit.textureWhitening {
            texture = image.texture.map { whitening.apply(to: kept($0)) }
        }
        var out = Rows(width: whitened.width + 1 + (texture?.width ?? 0))
        out.values.reserveCapacity(whitened.count * out.width)
        for row in 0..<whitened.count {
            let distance = distances[cells?[row] ?? row]
            out.values += whitened[row]
            out.values.append(logf(max(distance, PixelClassifier.distanceFloor)))
            if let texture { out.values += texture[row] }
        }
        return out
    }
}
