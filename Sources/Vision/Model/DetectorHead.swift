/// What training found out: everything between the features and the score.
package struct DetectorHead: Sendable {
    /// Whether features are averaged over 3×3 cells first.
    package var isSmoothed: Bool
    /// Share of the map's cells, the highest ones, whose mean is the score; 0 takes the maximum.
    package var pooledFraction: Double
    package var whitening: Whitening
    package var normal: NormalModel
    /// Of the filter bank's features, that the classifiers see too.
    package var textureWhitening: Whitening?
    package var textureScore: TextureScore?
    package var supervision: Supervision?
    package var classifier: PixelClassifier?
}

/// What patches of normal images look like, whitened.
package enum NormalModel: Sendable, Equatable {
    /// The distance of a patch is the one to the nearest of these, wherever they were.
    case memoryBank(Rows)
    /// The distance of a patch is the one from what is usual at its place.
    case positions(PositionStatistics)
}

/// Mean and spread at each cell of the grid.
package struct PositionStatistics: Sendable, Equatable {
    /// A row a cell.
    package let mean: Rows
    /// 1 / standard deviation, a row a cell.
    package let inverseDeviation: Rows
}

/// The distance of the filter bank's features, and its share in the score by distance:
///
///     v = mean of the k highest t-distances
///     u = exp((1 − share) · log u₀ + share · (scale · log v + offset))
///
/// u₀ is the score by the backbone's features alone. Scores are joined, not features: features that
/// say little drown those that say much.
package struct TextureScore: Sendable, Equatable {
    package var normal: NormalModel
    package var pooledFraction: Double
    package var share: Float
    package var scale: Float
    package var offset: Float
}

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
    package var bias: Float
    package var pooledFraction: Double
    package var scale: Float
    package var offset: Float
}

/// Row vectors of equal length in one array.
package struct Rows: Sendable, Equatable {
    package let width: Int
    package var values: [Float]

    package var count: Int { width == 0 ? 0 : values.count / width }

    package init(width: Int, values: [Float] = []) {
        precondition(width > 0 && values.count.isMultiple(of: width))
        self.width = width
        self.values = values
    }

    package subscript(row: Int) -> ArraySlice<Float> {
        values[(row * width)..<((row + 1) * width)]
    }

    /// The cells of a `[1, C, h, w]` tensor, a row each.
    init(planes tensor: Tensor) {
        let (channels, cells) = (tensor.shape[1], tensor.shape[2] * tensor.shape[3])
        var values = [Float](repeating: 0, count: tensor.values.count)
        for channel in 0..<channels {
            for cell in 0..<cells {
                values[cell * channels + channel] = tensor.values[channel * cells + cell]
            }
        }
        self.init(width: channels, values: values)
    }

    mutating func append(_ row: ArraySlice<Float>) { values.append(contentsOf: row) }
}

/// How a map becomes one score.
enum Pooling {
    /// Fractions that cross-validation chooses among; 0 is the maximum.
    static let fractions = [0.0, 0.001, 0.005, 0.01, 0.03, 0.05]

    /// Cells whose mean is taken, at least one.
    static func count(fraction: Double, of cells: Int) -> Int {
        max(1, Int((fraction * Double(cells)).rounded()))
    }

    /// - Parameter descending: values from the highest on, as many as `fraction` needs.
    static func score(descending: [Float], fraction: Double, of cells: Int) -> Double {
        let count = min(Self.count(fraction: fraction, of: cells), descending.count)
        return descending.prefix(count).reduce(0) { $0 + Double($1) } / Double(count)
    }

    static func score(_ values: [Float], fraction: Double) -> Double {
        score(descending: highest(values), fraction: fraction, of: values.count)
    }

    /// The values that the largest fraction needs, from the highest on.
    static func highest(_ values: [Float]) -> [Float] {
        let count = count(fraction: fractions.max() ?? 0, of: values.count)
        return Array(values.sorted(by: >).prefix(count))
    }
}
