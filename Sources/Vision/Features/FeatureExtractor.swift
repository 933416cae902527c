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
    /// From `[1, 3, H, W]` normalised floats to the taps' `[1, channels, h, w]`.
    var graph: BackboneGraph { get }
    /// Others that training tries beside it: networks see different things, and which sees a
    /// product's defects best only its images tell.
    var alternatives: [any FeatureExtractor] { get }
}

extension FeatureExtractor {
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

package struct PixelSize: Sendable, Hashable, Codable {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    package var area: Int { width * height }
}

/// (colour − mean) / deviation for red, green and blue in 0...1.
package struct ColorNormalisation: Sendable, Equatable {
    package var mean: [Float] = [0, 0, 0]
    package var deviation: [Float] = [1, 1, 1]

    package static let none = ColorNormalisation()
}

/// A graph with one input.
package struct BackboneGraph: Sendable {
    let graph: ONNXGraph
    let input: String
}

/// What of an image a detector looks at: at which size, and in which features.
package struct FeatureView: Sendable {
    package let extractor: any FeatureExtractor
    package let tap: FeatureTap
    /// Size of the image that the graph takes.
    package let input: PixelSize

    /// Length of a vector after the projection.
    var channels: Int { min(tap.channels, VisionLimits.featureChannelsMax) }
    /// Cells of the grid.
    var gridWidth: Int { max(1, input.width / tap.stride) }
    var gridHeight: Int { max(1, input.height / tap.stride) }
    var patches: Int { gridWidth * gridHeight }
    /// Colours and textures at the same cells, for classifiers: a network that was taught to tell
    /// defects from normal forgets what colour they had. nil where there is no such grid.
    var texture: FilterBank? {
        // Its coarsest amplitudes come in cells of 8 pixels.
        let cell = max(8, tap.stride)
        guard !(extractor is FilterBank), input.width.isMultiple(of: cell),
            input.height.isMultiple(of: cell)
        else { return nil }
        return FilterBank(stride: tap.stride)
    }
}

extension FeatureView {
    /// Areas of the image, in pixels, that training tries.
    private static let areas = [256 * 256, 384 * 384, 512 * 512, VisionLimits.viewPixelsMax]

    /// Views worth trying on images of a size, those of the extractor itself before those of its
    /// alternatives.
    static func candidates(
        for image: PixelSize, _ extractor: some FeatureExtractor
    ) -> [FeatureView] {
        own(of: image, extractor) + extractor.alternatives.flatMap { own(of: image, $0) }
    }

    /// Views of one extractor, the cheapest first.
    ///
    /// Sides keep the image's aspect. Every tap is tried on the smallest area, the others with
    /// stride 8 and up: stride 4 on a large image costs what tiles would, and gains less. No view
    /// but the first shows more pixels than the image has.
    private static func own(
        of image: PixelSize, _ extractor: some FeatureExtractor
    ) -> [FeatureView] {
        if let fixed = extractor.fixedInput {
            return extractor.taps.map {
                FeatureView(extractor: extractor, tap: $0, input: fixed)
            }
        }
        let coarsest = extractor.taps.map(\.stride).max() ?? 8
        var views: [FeatureView] = []
        for (index, area) in areas.enumerated() {
            let size = fitted(image, area: area, extractor.sideMultiple)
            if index > 0 {
                let isCovered = views.contains { Double($0.input.area) > 0.8 * Double(size.area) }
                if isCovered || Double(image.area) < 0.9 * Double(size.area) { continue }
            }
            for tap in extractor.taps where index == 0 || tap.stride >= min(8, coarsest) {
                views.append(FeatureView(extractor: extractor, tap: tap, input: size))
            }
        }
        return views.sorted { ($0.patches, $0.input.area) < ($1.patches, $1.input.area) }
    }

    /// The size of about `area` pixels, or the image's own if that is less, in its aspect.
    private static func fitted(_ image: PixelSize, area: Int, _ multiple: Int) -> PixelSize {
        let wanted =
            area == areas[0] ? Double(area) : Double(min(area, image.area))
        let scale = (wanted / Double(image.area)).squareRoot()
        func side(_ pixels: Int) -> Int {
            let steps = (Double(pixels) * scale / Double(multiple)).rounded()
            return max(2, Int(steps)) * multiple
        }
        return PixelSize(width: side(image.width), height: side(image.height))
    }
}
