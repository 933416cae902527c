/// Turns an image into grids of feature vectors, as part of an ONNX graph.
///
/// The seam behind which backbones differ: training chooses a size of the image and one of the
/// grids, a `FeatureView`, and knows nothing else.
package protocol FeatureExtractor: Sendable {
    /// Written into models, so that a model says what it was made with.
    var identifier: String { get }
    /// The grids that it gives, the finest first; at least one.
    var taps: [FeatureTap] { get }
    /// The only size of image that it takes; nil when it takes any.
    var fixedInput: PixelSize? { get }
    /// Sides of an image are multiples of this.
    var sideMultiple: Int { get }
    /// What is done to colours in 0...1 first.
    var normalisation: ColorNormalisation { get }
    /// Whether its features tell colours and textures apart by themselves, as those of networks do
    /// that learned from photographs: then the filter bank is left out, and single cells are
    /// compared rather than their averages where nothing can be chosen.
    var seesTexture: Bool { get }
    /// From `[1, 3, H, W]` normalised floats to the taps' `[1, channels, h, w]`.
    var graph: BackboneGraph { get }
    /// Others that training tries beside it: networks see different things, and only a
    /// product's images show which sees its defects best.
    var alternatives: [any FeatureExtractor] { get }
}

extension FeatureExtractor {
    /// Features that need the filter bank's beside them.
    package var seesTexture: Bool { false }
    /// No others.
    package var alternatives: [any FeatureExtractor] { [] }
}

/// One grid of feature vectors.
package struct FeatureTap: Sendable, Equatable {
    /// Name of the graph's output.
    package let name: String
    /// Length of a feature vector.
    package let channels: Int
    /// Pixels from cell to cell.
    package let stride: Int
}

/// (colour − mean) / deviation for red, green and blue in 0...1.
package struct ColorNormalisation: Sendable, Equatable {
    /// What is taken from red, green and blue.
    package var mean: [Float] = [0, 0, 0]
    /// What the differences are divided by; above 0.
    package var deviation: [Float] = [1, 1, 1]

    /// Leaves colours in 0...1 as they are; the graph then has no node for it.
    package static let none = ColorNormalisation()
}

/// A graph with one input.
package struct BackboneGraph: Sendable {
    let graph: ONNXGraph
    let input: String
}
