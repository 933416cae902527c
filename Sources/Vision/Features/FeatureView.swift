/// What of an image a detector looks at: at which size, and in which features.
package struct FeatureView: Sendable {
    /// The network or filter bank that computes the features.
    package let extractor: any FeatureExtractor
    /// Which of its grids is taken.
    package let tap: FeatureTap
    /// Size of the image that the graph takes.
    package let input: PixelSize

    /// Length of a vector after the projection.
    var channels: Int { min(tap.channels, VisionLimits.featureChannelsMax) }
    /// Cells of the grid.
    var gridWidth: Int { max(1, input.width / tap.stride) }
    var gridHeight: Int { max(1, input.height / tap.stride) }
    var patches: Int { gridWidth * gridHeight }
    /// Colours and textures at the same cells, for classifiers: a network that was
    /// taught to separate defects from normal forgets what colour they had. nil where the filter
    /// bank has no grid of these cells, and for an extractor that sees texture itself.
    var texture: FilterBank? {
        // Its coarsest amplitudes come in cells of 8 pixels.
        let cell = max(8, tap.stride)
        guard !extractor.seesTexture, !(extractor is FilterBank), input.width.isMultiple(of: cell),
            input.height.isMultiple(of: cell)
        else { return nil }
        return FilterBank(stride: tap.stride)
    }
}

extension FeatureView {
    /// Areas of the image, in pixels, that training tries.
    private static let areas = [256 * 256, 512 * 512, VisionLimits.viewPixelsMax]

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
                let isCovered = views.contains { Double($0.input.area) > 0.5 * Double(size.area) }
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
