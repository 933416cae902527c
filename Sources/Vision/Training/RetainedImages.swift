/// The images that a model is fitted to, at the sizes of all views.
struct RetainedImages: Sendable {
    /// An image as every view's graph takes it.
    struct Image: Sendable {
        /// One for each different size of the views.
        let sizes: [RGBImage]
        /// The label of each pixel, at the size of the largest view; nil without a mask.
        let mask: LabelMask?
        let thumbnail: [Float]

        /// - Parameter sizes: of the views, the largest last.
        init(_ sample: TrainingSample, sizes: [PixelSize]) {
            self.sizes = sizes.map {
                Resize.resize(sample.image, width: $0.width, height: $0.height)
            }
            // A mask without a label would teach that the defect is none.
            mask = sizes.last.flatMap {
                sample.mask?.reduced(width: $0.width, height: $0.height)
            }.flatMap { $0.isEmpty ? nil : $0 }
            thumbnail = Folds.thumbnail(sample.image)
        }

        /// A normal image with a defect drawn onto its largest size; at the others the change is
        /// added, so that the two differ in nothing but the defect.
        init(_ normal: Image, with picture: RGBImage, mask: [UInt8]) {
            guard let largest = normal.sizes.last else { self = normal; return }
            sizes = normal.sizes.map { own in
                let (width, height) = (own.width, own.height)
                if (width, height) == (largest.width, largest.height) { return picture }
                let (before, after) = (
                    Resize.resize(largest, width: width, height: height),
                    Resize.resize(picture, width: width, height: height)
                )
                let pixels = own.pixels.indices.map { place in
                    let change = Int(after.pixels[place]) - Int(before.pixels[place])
                    return UInt8(clamping: Int(own.pixels[place]) + change)
                }
                return RGBImage(width: width, height: height, pixels: pixels)
            }
            self.mask = LabelMask(width: largest.width, height: largest.height, indices: mask)
            thumbnail = normal.thumbnail
        }
    }

    /// What is worth trying, the standard one first.
    let views: [FeatureView]
    private let sizes: [PixelSize]
    private let normals: [Image]
    private let anomalies: [Image]
    private let normalFolds: [Int]
    private let anomalyFolds: [Int]
    private let labelFolds: [Int]?

    /// Anomalies that people labelled, not those that were drawn.
    let realAnomalies: Int

    /// The sizes of images that `views` need, the largest last.
    static func sizes(of views: [FeatureView]) -> [PixelSize] {
        Set(views.map(\.input)).sorted { ($0.area, $0.width) < ($1.area, $1.width) }
    }

    /// Bytes of one image's pixels at all sizes, and of its mask.
    static func bytes(_ sizes: [PixelSize]) -> Int {
        sizes.reduce(sizes.last?.area ?? 0) { $0 + $1.area * 3 }
    }

    /// A drawn defect is held out with the image that it was drawn onto.
    ///
    /// Without anomalies defects are drawn onto normal images, so that there is something to find.
    init(views: [FeatureView], normals: [Image], anomalies: [Image], seed: UInt64) {
        self.views = views
        self.normals = normals
        sizes = Self.sizes(of: views)
        normalFolds = Folds(thumbnails: normals.map(\.thumbnail), seed: seed).assignment
        realAnomalies = anomalies.count
        labelFolds = Folds.byLabel(anomalies.map { $0.mask?.commonest })
        guard anomalies.isEmpty else {
            self.anomalies = anomalies
            anomalyFolds =
                Folds(thumbnails: anomalies.map(\.thumbnail), seed: seed &+ 1).assignment
            return
        }
        var random = SeededRandom(seed: seed ^ 0xDEFEC7)
        var drawn: [Image] = []
        var folds: [Int] = []
        let chosen = Sampling.indices(
            min(normals.count, VisionLimits.drawnDefectsMax), below: normals.count, using: &random)
        for index in chosen {
            guard let picture = normals[index].sizes.last else { continue }
            let defect = SyntheticDefects.draw(on: picture, using: &random)
            drawn.append(Image(normals[index], with: defect.image, mask: defect.mask))
            folds.append(normalFolds[index])
        }
        self.anomalies = drawn
        anomalyFolds = folds
    }

    /// The features of all images in a view, or of as many as the bound on memory allows.
    func features(of view: FeatureView, runtime: OnnxRuntime, threads: Int)
        throws(VisionError) -> ViewImages
    {
        let model = try DetectorGraph.features(view)
        let bank = view.texture
        try DetectorFile.check(
            model, image: view.input,
            outputs: bank == nil ? ["features"] : ["features", "texture"],
            subject: "The backbone \(view.extractor.identifier)")
        let session = try InferenceSession(runtime: runtime, model: model, threads: threads)
        let place = sizes.firstIndex(of: view.input) ?? 0
        func extract(_ image: Image, light: Float = 1) throws(VisionError) -> ViewImage {
            let picture = image.sizes[place]
            let shape = [1, view.input.height, view.input.width, 3]
            let outputs = try session.run(
                [
                    (
                        DetectorGraph.imageInput,
                        .bytes(
                            shape: shape,
                            values: light == 1
                                ? picture.pixels
                                : OtherLight.picture(picture, factor: light).pixels)
                    )
                ], outputs: bank == nil ? ["features"] : ["features", "texture"])
            let features = outputs[0]
            guard features.shape == [1, view.gridHeight, view.gridWidth, view.channels] else {
                throw VisionError(
                    .invalidModel,
                    "The backbone \(view.extractor.identifier) gave "
                        + "\(Self.planes(features.shape)) for an "
                        + "image of \(view.input.width)×\(view.input.height) pixels instead of "
                        + "[1, \(view.channels), \(view.gridHeight), \(view.gridWidth)]. Its "
                        + "spotter.strides or spotter.multiple is not what it does.")
            }
            guard features.values.allSatisfy(\.isFinite) else {
                throw VisionError(
                    .invalidModel,
                    "The backbone \(view.extractor.identifier) gave features that are no numbers. "
                        + "Does it compute in 16 bits? Export it in 32.")
            }
            return ViewImage(
                rows: Rows(width: view.channels, values: features.values),
                texture: bank.map { Rows(width: $0.taps[0].channels, values: outputs[1].values) },
                picture: picture, mask: image.mask)
        }
        // Features, averaged ones, those of another light, textures twice, and what classifiers
        // learn from.
        let texture = bank?.taps[0].channels ?? 0
        let bytes = view.patches * 4 * (4 * view.channels + 3 * texture + 1)
        let limit = max(8, VisionLimits.featureBytesMax / 2 / bytes)
        let normal = Self.spread(normalFolds, limit, first: normals.map { _ in true })
        let anomalous = Self.spread(
            anomalyFolds, limit, first: anomalies.map { $0.mask != nil })
        var found: (normals: [ViewImage], anomalies: [ViewImage]) = ([], [])
        var random = SeededRandom(seed: UInt64(view.patches))
        for (turn, index) in normal.enumerated() {
            var image = try extract(normals[index])
            let factor = OtherLight.factors[turn % OtherLight.factors.count]
            image.otherLight = OtherLight(
                try extract(normals[index], light: factor).rows, of: normal.count, in: view,
                using: &random)
            found.normals.append(image)
        }
        for index in anomalous { found.anomalies.append(try extract(anomalies[index])) }
        return ViewImages(
            normals: found.normals, anomalies: found.anomalies,
            normalFolds: normal.map { normalFolds[$0] },
            anomalyFolds: anomalous.map { anomalyFolds[$0] },
            labelFolds: labelFolds.map { folds in anomalous.map { folds[$0] } })
    }

    /// The shape as a backbone gives it, channels before rows.
    private static func planes(_ shape: [Int]) -> [Int] {
        shape.count == 4 ? [shape[0], shape[3], shape[1], shape[2]] : shape
    }

    /// Indices of at most `limit` images, as many of each fold as of the others, those of `first`
    /// before the others; in ascending order.
    static func spread(_ folds: [Int], _ limit: Int, first: [Bool]) -> [Int] {
        guard folds.count > limit else { return Array(folds.indices) }
        var seen = [Int](repeating: 0, count: Folds.count)
        let ranked = (folds.indices.filter { first[$0] } + folds.indices.filter { !first[$0] })
            .map { index in
                defer { seen[folds[index]] += 1 }
                return (rank: seen[folds[index]], fold: folds[index], index: index)
            }
        return ranked.sorted { ($0.rank, $0.fold) < ($1.rank, $1.fold) }.prefix(limit)
            .map(\.index).sorted()
    }

    /// Whether people outlined any anomaly.
    var hasMasks: Bool { realAnomalies > 0 && anomalies.contains { $0.mask != nil } }
}
