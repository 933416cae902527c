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
        /// Of where a memory bank's patches were; see `Placement`. Judging sets it.
        var placeWeight = 0.0
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
            try rows(images.anomalies, isSmoothed: isSmoothed),
            otherLight: otherLight(isSmoothed: isSmoothed), exponent: exponent, kinds)
    }

    /// Of each normal image.
    private func otherLight(isSmoothed: Bool) -> [OtherLight.Patches] {
        images.normals.compactMap(\.otherLight).map { $0.patches(isSmoothed: isSmoothed) }
    }

    /// Judges by the filter bank's features; empty where the view has none.
    func judgeTexture() throws(VisionError) -> [Judgement] {
        let normal = images.normals.compactMap(\.texture)
        guard !normal.isEmpty else { return [] }
        return try judge(
            normal, images.anomalies.compactMap(\.texture), otherLight: [],
            exponent: Self.textureExponent,
            Kind.allCases.map { Configuration(isSmoothed: false, kind: $0) })
    }

    private func judge(
        _ normalRows: [Rows], _ anomalousRows: [Rows], otherLight: [OtherLight.Patches],
        exponent: Double, _ kinds: [Configuration]
    ) throws(VisionError) -> [Judgement] {
        // Of all images: it is no member of anything, and one image more moves it by nothing.
        let whitening = try whitening(normalRows, exponent: exponent)
        let placement = Placement(
            normalRows, whitening.leading(VisionLimits.distanceChannelsMax),
            folds: images.normalFolds, in: view, seed: seed)
        let kinds = kinds.map { kind in
            var kind = kind
            if kind.kind == .memoryBank { kind.placeWeight = placement.weight }
            return kind
        }
        var normal = kinds.map { _ in [[Float]](repeating: [], count: normalRows.count) }
        var anomalous = kinds.map { _ in
            [[Float]](repeating: [], count: anomalousRows.count)
        }
        for fold in 0..<Folds.count {
            let kept = normalRows.indices.filter { images.normalFolds[$0] != fold }
            let training = kept.map { normalRows[$0] }
            let others = otherLight.isEmpty ? [] : kept.map { otherLight[$0] }
            guard !training.isEmpty else {
                throw VisionError(
                    .unsuitableDataset,
                    "All normal images are of one scene; training needs pictures of several.")
            }
            for (index, configuration) in kinds.enumerated() {
                let fit = try fit(configuration, whitening, to: training, others)
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
            configuration, try whitening(rows, exponent: configuration.exponent), to: rows,
            otherLight(isSmoothed: configuration.isSmoothed))
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
        return try fit(configuration, whitening, to: textures, []).normal
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

    /// At most `limit` patches with their cells, as many of each image as of the others.
    private func candidates(
        _ limit: Int, of images: [Rows], _ otherLight: [OtherLight.Patches],
        using random: inout some RandomNumberGenerator
    ) -> (Rows, [Int]) {
        let share = max(
            1, VisionLimits.whiteningPatchesMax / (images.count + otherLight.count))
        var (rows, cells) = (Rows(width: images[0].width), [Int]())
        for image in images {
            for cell in Sampling.indices(share, below: image.count, using: &random) {
                rows.append(image[cell])
                cells.append(cell)
            }
        }
        for patches in otherLight {
            for index in Sampling.indices(share, below: patches.rows.count, using: &random) {
                rows.append(patches.rows[index])
                cells.append(patches.cells[index])
            }
        }
        guard rows.count > limit else { return (rows, cells) }
        let kept = Sampling.indices(limit, below: rows.count, using: &random)
        return (rows.picked(kept), kept.map { cells[$0] })
    }

    /// - Parameter otherLight: patches that a memory bank may take too.
    private func fit(
        _ configuration: Configuration, _ whitening: Whitening, to images: [Rows],
        _ otherLight: [OtherLight.Patches]
    ) throws(VisionError) -> Fit {
        let normal: NormalModel
        let leading = whitening.leading(VisionLimits.distanceChannelsMax)
        switch configuration.kind {
        case .memoryBank:
            var random = SeededRandom(seed: seed)
            let (patches, cells) = candidates(
                configuration.bankCount * VisionLimits.coresetCandidatesPerPatch, of: images,
                otherLight, using: &random)
            normal = MemoryBank(view: view, placeWeight: configuration.placeWeight).fit(
                configuration.bankCount, from: leading.apply(to: patches), cells: cells,
                using: &random)
        case .positions:
            normal = .positions(
                PositionLearner(view: view).fit(
                    width: leading.outputs, images.lazy.map { leading.apply(to: $0) }))
        }
        let model = try DetectorGraph.distances(whitening, normal, view)
        let session = try InferenceSession(runtime: runtime, model: model, threads: threads)
        return Fit(
            configuration: configuration, whitening: whitening, normal: normal, session: session)
    }

    /// The feature rows of each image.
    private func rows(_ images: [ViewImage], isSmoothed: Bool) throws(VisionError) -> [Rows] {
        let session = try smoothing(isSmoothed)
        var out: [Rows] = []
        for image in images { out.append(try rows(image, session)) }
        return out
    }

    /// Averages rows; nil where they stay as they are.
    func smoothing(_ isSmoothed: Bool) throws(VisionError) -> InferenceSession? {
        guard isSmoothed else { return nil }
        return try InferenceSession(
            runtime: runtime, model: try DetectorGraph.smoothedRows(view), threads: threads)
    }

    /// Computes the view's finer grid; nil where it has none.
    func detailSession() throws(VisionError) -> InferenceSession? {
        guard let detail = view.detail else { return nil }
        return try InferenceSession(
            runtime: runtime, model: try DetectorGraph.detail(view, detail), threads: threads)
    }

    /// The feature rows of one image.
    func rows(_ image: ViewImage, _ smoothing: InferenceSession?) throws(VisionError) -> Rows {
        guard let smoothing else { return image.rows }
        let features = Tensor(
            shape: [1, view.gridHeight, view.gridWidth, view.channels],
            values: image.rows.values)
        let tensor = try smoothing.run([("features", .floats(features))], outputs: ["rows"])[0]
        return Rows(width: view.channels, values: tensor.values)
    }

    /// Distances of one image's patches to what is normal.
    private func distances(_ rows: Rows, _ fit: Fit) throws(VisionError) -> [Float] {
        let input = Tensor(shape: [rows.count, rows.width], values: rows.values)
        return try fit.session.run([("rows", .floats(input))], outputs: ["distances"])[0].values
    }
}
