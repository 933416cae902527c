/// The images that a model is fitted to, at the sizes of all views.
struct RetainedImages: Sendable {
    /// An image as every view's graph takes it.
    struct Image: Sendable {
        /// One for each different size of the views.
        let sizes: [RGBImage]
        /// At the size of the largest view.
        let mask: LabelMask?
        let thumbnail: [Float]

        /// - Parameter sizes: of the views, the largest last.
        init(_ sample: TrainingSample, sizes: [PixelSize]) {
            self.sizes = sizes.map {
                Resize.resize(sample.image, width: $0.width, height: $0.height)
            }
            mask = sizes.last.flatMap {
                sample.mask?.resized(width: $0.width, height: $0.height)
            }
            thumbnail = Folds.thumbnail(sample.image)
        }
    }

    /// What is worth trying, the cheapest first.
    let views: [FeatureView]
    private let sizes: [PixelSize]
    private let normals: [Image]
    private let anomalies: [Image]
    private let normalFolds: [Int]
    private let anomalyFolds: [Int]
    private let sources: [Int?]

    /// Anomalies that people labelled, not those that were drawn.
    let realAnomalies: Int

    /// The sizes of images that `views` need, the largest last.
    static func sizes(of views: [FeatureView]) -> [PixelSize] {
        Set(views.map(\.input)).sorted { ($0.area, $0.width) < ($1.area, $1.width) }
    }

    /// Bytes of one image's pixels at all sizes.
    static func bytes(_ sizes: [PixelSize]) -> Int { sizes.reduce(0) { $0 + $1.area * 3 } }

    /// Without anomalies defects are drawn onto normal images, so that views and poolings have
    /// something to be compared by.
    init(views: [FeatureView], normals: [Image], anomalies: [Image], seed: UInt64) {
        self.views = views
        self.normals = normals
        sizes = Self.sizes(of: views)
        normalFolds = Folds(thumbnails: normals.map(\.thumbnail), seed: seed).assignment
        realAnomalies = anomalies.count
        guard anomalies.isEmpty, let largest = sizes.last else {
            self.anomalies = anomalies
            anomalyFolds =
                Folds(thumbnails: anomalies.map(\.thumbnail), seed: seed &+ 1).assignment
            sources = anomalies.map { _ in nil }
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
            let sample = TrainingSample(
                name: "", image: defect.image, isAnomalous: true,
                mask: LabelMask(
                    width: largest.width, height: largest.height, indices: defect.mask))
            drawn.append(Image(sample, sizes: sizes))
            folds.append(normalFolds[index])
        }
        self.anomalies = drawn
        anomalyFolds = folds
        sources = folds
    }

    /// The features of all images in a view, or of as many as the bound on memory allows.
    func features(of view: FeatureView, runtime: OnnxRuntime, threads: Int)
        throws(VisionError) -> ViewImages
    {
        let session = try InferenceSession(
            runtime: runtime, model: try DetectorGraph.features(view), threads: threads)
        let place = sizes.firstIndex(of: view.input) ?? 0
        func extract(_ image: Image) throws(VisionError) -> ViewImage {
            let shape = [1, view.input.height, view.input.width, 3]
            let bank = view.texture
            let outputs = try session.run(
                [
                    (
                        DetectorGraph.imageInput,
                        .bytes(shape: shape, values: image.sizes[place].pixels)
                    )
                ], outputs: bank == nil ? ["features"] : ["features", "texture"])
            let features = outputs[0]
            guard features.shape == [1, view.channels, view.gridHeight, view.gridWidth] else {
                throw VisionError(
                    .invalidModel,
                    "The backbone \(view.extractor.identifier) gave \(features.shape) for an "
                        + "image of \(view.input.width)×\(view.input.height) pixels instead of "
                        + "[1, \(view.channels), \(view.gridHeight), \(view.gridWidth)]. Its "
                        + "spotter.strides or spotter.multiple is not what it does.")
            }
            return ViewImage(
                features: features, texture: bank.map { _ in Rows(planes: outputs[1]) },
                mask: image.mask)
        }
        let bytes = view.patches * view.channels * 4
        let limit = max(8, VisionLimits.featureBytesMax / 2 / bytes)
        var found: (normals: [ViewImage], anomalies: [ViewImage]) = ([], [])
        for image in normals.prefix(limit) { found.normals.append(try extract(image)) }
        for image in anomalies.prefix(limit) { found.anomalies.append(try extract(image)) }
        return ViewImages(
            normals: found.normals, anomalies: found.anomalies,
            normalFolds: Array(normalFolds.prefix(limit)),
            anomalyFolds: Array(anomalyFolds.prefix(limit)),
            anomalySources: Array(sources.prefix(limit)))
    }

    /// Whether people outlined any anomaly.
    var hasMasks: Bool { realAnomalies > 0 && anomalies.contains { $0.mask != nil } }
}

/// A uniform sample of bounded size (Vitter's algorithm R).
struct Reservoir: Sendable {
    private(set) var images: [RetainedImages.Image] = []
    private(set) var offered = 0

    /// Whether the next image will be kept, and where.
    ///
    /// - Parameter limit: images to keep at most.
    mutating func place(limit: Int, using random: inout some RandomNumberGenerator) -> Int? {
        offered += 1
        if offered <= limit { return offered - 1 }
        let place = Int.random(in: 0..<offered, using: &random)
        return place < limit ? place : nil
    }

    mutating func keep(_ image: RetainedImages.Image, at place: Int) {
        if place < images.count { images[place] = image } else { images.append(image) }
    }
}
