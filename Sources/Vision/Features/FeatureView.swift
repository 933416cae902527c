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

    /// A finer grid on the way to the features, for outlines; nil where there is none.
    var detail: FeatureTap? {
        guard let detail = (extractor as? LearnedBackbone)?.detail,
            detail.stride < tap.stride, input.width.isMultiple(of: detail.stride),
            input.height.isMultiple(of: detail.stride)
        else { return nil }
        return detail
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

    /// What part of an image's pixels the standard view keeps at least: it shows sides at a third.
    /// Defects of large pictures are as small as those of others, and what is a few pixels large is
    /// lost in a smaller view. The given data sets keep more than this in the smallest view, and
    /// rank no better in a larger one (docs/decisions/0011).
    private static let standardShareMin = 1.0 / 9
    /// Larger views are only tried: `VisionLimits.featureBytesMax` has room for nine images in a
    /// view of 1024×1024 pixels, and for 35 in one of this size, which are enough to say what is
    /// normal.
    private static let standardPixelsMax = areas[1] * 5 / 4

    /// The same views with the standard one first: the cheapest that keeps enough of the image, or
    /// else the largest of those that may be standard. It is what is taken where nothing can be
    /// chosen, and what others must rank better than.
    ///
    /// - Parameter views: as `candidates` gives them, or some of these.
    static func standardFirst(_ views: [FeatureView], for image: PixelSize) -> [FeatureView] {
        guard let cheapest = views.first else { return views }
        let standards = views.indices.filter {
            views[$0].sees(as: cheapest)
                && views[$0].input.area <= max(standardPixelsMax, cheapest.input.area)
        }
        let standard = standards.first {
            Double(views[$0].input.area) >= standardShareMin * Double(image.area)
        }
        guard let index = standard ?? standards.last else { return views }
        var ordered = views
        ordered.insert(ordered.remove(at: index), at: 0)
        return ordered
    }

    /// Whether the two differ in nothing but the size of the image.
    func sees(as other: FeatureView) -> Bool {
        extractor.identifier == other.extractor.identifier && tap.stride == other.tap.stride
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
