import Glibc

/// Scores models of normality on images that they were not fitted to.
struct CrossValidation: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case memoryBank
        case positions
    }

    struct Configuration: Sendable, Hashable {
        var isSmoothed: Bool
        var exponent = 0.5
        var kind: Kind
        var bankCount = VisionLimits.bankPatchesMax
    }

    struct Fit: Sendable {
        let configuration: Configuration
        let whitening: Whitening
        let normal: NormalModel
        let session: InferenceSession
        /// nil where the view has no texture.
        var textureWhitening: Whitening?
    }

    /// Out-of-fold distances of every image's patches, with their border's scale.
    struct Judgement: Sendable {
        let configuration: Configuration
        let border: BorderScale
        let normal: [[Float]]
        let anomalous: [[Float]]
        /// As `ViewImages` has them, of the anomalous images.
        let labelFolds: [Int]?
    }

    private static let textureExponent = 0.5

    let runtime: OnnxRuntime
    let view: FeatureView
    let threads: Int
    let seed: UInt64
    let images: ViewImages

    /// Judges with each kind of model; they share whitened features.
    func judge(isSmoothed: Bool, exponent: Double, _ kinds: [Configuration]) throws(VisionError)
        -> [Judgement]
    {
        try judge(
            try rows(images.normals, isSmoothed: isSmoothed),
            try rows(images.anomalies, isSmoothed: isSmoothed), exponent: exponent, kinds)
    }

    /// Judges by the filter bank's features; empty where the view has none.
    func judgeTexture() throws(VisionError) -> [Judgement] {
        let normal = images.normals.compactMap(\.texture)
        guard !normal.isEmpty else { return [] }
        return try judge(
            normal, images.anomalies.compactMap(\.texture), exponent: Self.textureExponent,
            Kind.allCases.map { Configuration(isSmoothed: false, kind: $0) })
    }

    private func judge(
        _ normalRows: [Rows], _ anomalousRows: [Rows], exponent: Double, _ kinds: [Configuration]
    ) throws(VisionError) -> [Judgement] {
        // Of all images: it is no member of anything, and one image more moves it by nothing.
        let whitening = try whitening(normalRows, exponent: exponent)
        var normal = kinds.map { _ in [[Float]](repeating: [], count: normalRows.count) }
        var anomalous = kinds.map { _ in
            [[Float]](repeating: [], count: anomalousRows.count)
        }
        for fold in 0..<Folds.count {
            let training = normalRows.indices.filter { images.normalFolds[$0] != fold }
                .map { normalRows[$0] }
            guard !training.isEmpty else {
                throw VisionError(
                    .unsuitableDataset,
                    "All normal images are of one scene; training needs pictures of several.")
            }
            for (index, configuration) in kinds.enumerated() {
                let fit = try fit(configuration, whitening, to: training)
                for image in normalRows.indices where images.normalFolds[image] == fold {
                    normal[index][image] = try distances(normalRows[image], fit)
                }
                for image in anomalousRows.indices where images.anomalyFolds[image] == fold {
                    anomalous[index][image] = try distances(anomalousRows[image], fit)
                }
            }
        }
        return kinds.indices.map { kind in
            let border = BorderScale(normal: normal[kind], in: view)
            let factors = border.factors(width: view.gridWidth, height: view.gridHeight)
            func scaled(_ images: [[Float]]) -> [[Float]] {
                images.map { zip($0, factors).map { $0 * $1 } }
            }
            return Judgement(
                configuration: kinds[kind], border: border, normal: scaled(normal[kind]),
                anomalous: scaled(anomalous[kind]), labelFolds: images.labelFolds)
        }
    }

    /// Fits `configuration` to every normal image.
    func fitAll(_ configuration: Configuration) throws(VisionError) -> Fit {
        let rows = try rows(images.normals, isSmoothed: configuration.isSmoothed)
        var fit = try fit(
            configuration, try whitening(rows, exponent: configuration.exponent), to: rows)
        let textures = images.normals.compactMap(\.texture)
        if !textures.isEmpty {
            fit.textureWhitening = try whitening(textures, exponent: Self.textureExponent)
        }
        return fit
    }

    /// What the texture of all normal images looks like, whitened as in `fitAll`.
    func fitTexture(_ configuration: Configuration) throws(VisionError) -> NormalModel {
        let textures = images.normals.compactMap(\.texture)
        let whitening = try whitening(textures, exponent: Self.textureExponent)
        return try fit(configuration, whitening, to: textures).normal
    }

    /// What classifiers see of an image: whitened features, the logarithm of the distance, the
    /// whitened texture.
    func classifierInputs(
        _ image: ViewImage, _ rows: Rows, _ distances: [Float], _ fit: Fit
    ) -> Rows {
        let whitened = fit.whitening.apply(to: rows)
        var texture: Rows?
        if let whitening = fit.textureWhitening { texture = image.texture.map(whitening.apply) }
        var out = Rows(width: whitened.width + 1 + (texture?.width ?? 0))
        out.values.reserveCapacity(whitened.count * out.width)
        for row in 0..<whitened.count {
            out.values += whitened[row]
            out.values.append(logf(max(distances[row], PixelClassifier.distanceFloor)))
            if let texture { out.values += texture[row] }
        }
        return out
    }

    private func whitening(_ images: [Rows], exponent: Double) throws(VisionError) -> Whitening {
        var random = SeededRandom(seed: seed)
        return try Whitening.fit(pool(images, using: &random), exponent: exponent)
    }

    /// The same number of patches of each image, so that memory does not grow with their count.
    private func pool(_ images: [Rows], using random: inout SeededRandom) -> Rows {
        let share = max(1, VisionLimits.whiteningPatchesMax / images.count)
        var pool = Rows(width: images[0].width)
        for image in images {
            pool.values += Sampling.rows(share, of: image, using: &random).values
        }
        return pool
    }

    private func fit(
        _ configuration: Configuration, _ whitening: Whitening, to images: [Rows]
    ) throws(VisionError) -> Fit {
        let normal: NormalModel
        let leading = whitening.leading(VisionLimits.distanceChannelsMax)
        switch configuration.kind {
        case .memoryBank:
            var random = SeededRandom(seed: seed)
            let candidates = Sampling.rows(
                configuration.bankCount * VisionLimits.coresetCandidatesPerPatch,
                of: pool(images, using: &random), using: &random)
            normal = .memoryBank(
                Coreset.select(
                    configuration.bankCount, from: leading.apply(to: candidates),
                    using: &random))
        case .positions:
            normal = .positions(
                PositionLearner(view: view).fit(images.map { leading.apply(to: $0) }))
        }
        let model = try DetectorGraph.distances(whitening, normal, view)
        let session = try InferenceSession(runtime: runtime, model: model, threads: threads)
        return Fit(
            configuration: configuration, whitening: whitening, normal: normal, session: session)
    }

    /// The feature rows of each image.
    private func rows(_ images: [ViewImage], isSmoothed: Bool) throws(VisionError) -> [Rows] {
        let session = try rowsSession(isSmoothed: isSmoothed)
        var out: [Rows] = []
        for image in images { out.append(try rows(image, session)) }
        return out
    }

    func rowsSession(isSmoothed: Bool) throws(VisionError) -> InferenceSession {
        try InferenceSession(
            runtime: runtime, model: try DetectorGraph.rows(view, isSmoothed: isSmoothed),
            threads: threads)
    }

    /// The feature rows of one image.
    func rows(_ image: ViewImage, _ session: InferenceSession) throws(VisionError) -> Rows {
        let tensor = try session.run(
            [("features", .floats(image.features))], outputs: ["rows"])[0]
        return Rows(width: view.channels, values: tensor.values)
    }

    /// Distances of one image's patches to what is normal.
    private func distances(_ rows: Rows, _ fit: Fit) throws(VisionError) -> [Float] {
        let input = Tensor(shape: [rows.count, rows.width], values: rows.values)
        return try fit.session.run([("rows", .floats(input))], outputs: ["distances"])[0].values
    }
}
