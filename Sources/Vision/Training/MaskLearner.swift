/// Fits the pixel classifier and the cut of each label's logits.
struct MaskLearner: Sendable {
    /// A cell shows a label when the label covers this share of it, or half of the largest share
    /// in its image: the marks of tiny defects never cover much of a cell.
    private static let coverageMin: Float = 0.3
    /// Cells that a label covers by less show nothing.
    private static let coverageOfNothing: Float = 0.01
    /// Of many labels each has fewer cells, so that all together stay within 30 MB.
    private static let patchesOfAllLabelsMax = 20_000
    private static let patchesOfLabelMin = 200
    /// Of the patches that `VisionLimits` allows, where there is a finer grid: its rows are more
    /// than twice as wide, and twice as many cells brought nothing.
    private static let shareOfPatchesWithDetail = 2

    let validation: CrossValidation
    let labels: [LabelClass]

    private var view: FeatureView { validation.view }

    /// Sampled cells of one image with a mask.
    private struct Example {
        let image: ViewImage
        let distances: [Float]
        let mask: LabelMask
        let fold: Int
        /// For each label, cells that show it.
        let positives: [Rows]
    }

    /// What the classifier learns from.
    private struct Lesson {
        let reader: Reader
        let shape: PixelClassifier.Shape
        let masked: [Example]
        /// Cells of nothing, a sample, by the fold of their image.
        let background: [Rows]
    }

    /// Computes what the classifier sees of an image, the finer grid included.
    private struct Reader {
        let view: FeatureView
        let own: ClassifierReader
        let seesSurroundings: Bool
        let detail: InferenceSession?

        init(
            _ validation: CrossValidation, _ fit: CrossValidation.Fit, seesSurroundings: Bool
        ) throws(VisionError) {
            view = validation.view
            own = try ClassifierReader(validation, fit)
            self.seesSurroundings = seesSurroundings
            detail = try validation.detailSession()
        }

        func inputs(_ image: ViewImage, _ distances: [Float]) throws(VisionError) -> MaskInputs {
            let own = try own.inputs(image, distances)
            return MaskInputs(
                seesSurroundings ? withSurroundings(own) : own, seesSurroundings: seesSurroundings,
                detail: try detail.map { session throws(VisionError) in
                    try grid(image, session)
                }, in: view)
        }

        /// The finer grid of one image, `[1, C, h, w]`.
        private func grid(_ image: ViewImage, _ session: InferenceSession) throws(VisionError)
            -> Tensor
        {
            let shape = [1, view.input.height, view.input.width, 3]
            return try session.run(
                [(DetectorGraph.imageInput, .bytes(shape: shape, values: image.picture.pixels))],
                outputs: ["detail"])[0]
        }

        /// Rows with the mean over the cells around each behind them.
        private func withSurroundings(_ rows: Rows) -> Rows {
            let around = view.averaged(
                rows.values, channels: rows.width, radius: PixelClassifier.contextRadius)
            return rows.joined(with: Rows(width: rows.width, values: around))
        }
    }

    /// - Returns: the classifier, whose bias puts each label's best cut at 0, and the
    ///   intersection over union that the cuts reach out of fold.
    func fit(_ fit: CrossValidation.Fit, _ judgement: CrossValidation.Judgement)
        throws(VisionError) -> (PixelClassifier, [String: Double])
    {
        let best = try best(fit, judgement)
        var classifier = train(best.lesson.masked, best.lesson, without: nil)
        classifier.isSmoothed = best.isSmoothed
        var iou: [String: Double] = [:]
        for label in labels.indices {
            // What moves all logits moves the highest too, of which a part is taken.
            classifier.bias[label] -= best.cuts[label].cut / (1 - PixelClassifier.peakShare)
            iou[labels[label].name] = best.cuts[label].iou
        }
        return (classifier, iou)
    }

    /// Out-of-fold cuts of one way to learn, and whether logits are smoothed before.
    private struct Outcome {
        let lesson: Lesson
        let cuts: [(cut: Float, iou: Double)]
        let isSmoothed: Bool

        var iou: Double { cuts.reduce(0) { $0 + $1.iou } / Double(max(1, cuts.count)) }
    }

    /// With surroundings or without, with smoothed logits or without, whichever finds the masks
    /// better out of fold.
    private func best(_ fit: CrossValidation.Fit, _ judgement: CrossValidation.Judgement)
        throws(VisionError) -> Outcome
    {
        let own = try outcome(try lesson(fit, judgement, seesSurroundings: false))
        // Features of a network that sees textures say enough of what is around a cell.
        guard labels.count <= VisionLimits.comparedLabelsMax, !view.extractor.seesTexture else {
            return own
        }
        let wide = try outcome(try lesson(fit, judgement, seesSurroundings: true))
        return wide.iou > own.iou ? wide : own
    }

    private func outcome(_ lesson: Lesson) throws(VisionError) -> Outcome {
        let (smooth, sharp) = try outOfFold(lesson)
        let outcomes = [(smooth, true), (sharp, false)].map {
            Outcome(lesson: lesson, cuts: $0.0, isSmoothed: $0.1)
        }
        return outcomes[1].iou > outcomes[0].iou ? outcomes[1] : outcomes[0]
    }

    private func lesson(
        _ fit: CrossValidation.Fit, _ judgement: CrossValidation.Judgement, seesSurroundings: Bool
    ) throws(VisionError) -> Lesson {
        let images = validation.images
        let normal = images.normals.indices.map {
            (images.normals[$0], judgement.normal[$0], images.normalFolds[$0])
        }
        let anomalous = images.anomalies.indices.map {
            (images.anomalies[$0], judgement.anomalous[$0], images.anomalyFolds[$0])
        }
        let pairs = normal + anomalous.filter { $0.0.mask != nil }
        let masks = pairs.count - normal.count
        let reader = try Reader(validation, fit, seesSurroundings: seesSurroundings)
        let part = view.detail == nil ? 1 : Self.shareOfPatchesWithDetail
        let emptyShare = max(1, VisionLimits.backgroundPatchesMax / part / max(1, pairs.count))
        let ofLabel = min(
            VisionLimits.labelPatchesMax / part,
            max(Self.patchesOfLabelMin, Self.patchesOfAllLabelsMax / max(1, labels.count)))
        let labelShare = max(16, ofLabel / max(1, masks))
        var random = SeededRandom(seed: validation.seed)
        var masked: [Example] = []
        var background: [Rows] = []
        var shape: PixelClassifier.Shape?
        for (image, distances, fold) in pairs {
            let inputs = try reader.inputs(image, distances)
            if background.isEmpty {
                shape = inputs.shape
                background = (0..<Folds.count).map { _ in Rows(width: inputs.shape.width) }
            }
            func sample(_ limit: Int, _ cells: [Int]) -> Rows {
                inputs.rows(
                    Sampling.indices(limit, below: cells.count, using: &random).map { cells[$0] })
            }
            let cells = Array(0..<(inputs.gridWidth * inputs.gridHeight))
            guard let mask = image.mask else {
                background[fold].values += sample(emptyShare, cells).values
                continue
            }
            let any = mask.coverageOfAnyLabel(
                gridWidth: inputs.gridWidth, gridHeight: inputs.gridHeight)
            let shown = Set(Self.cells(any))
            let empty = cells.filter { any[$0] < Self.coverageOfNothing }
            // Edges are the hard ones: without them a mask is wider than the defect.
            let edges = cells.filter { any[$0] >= Self.coverageOfNothing && !shown.contains($0) }
            background[fold].values += sample(emptyShare, empty).values
            background[fold].values += sample(emptyShare, edges).values
            let positives = labels.indices.map { label in
                sample(
                    labelShare,
                    Self.cells(
                        mask.coverage(
                            of: label, gridWidth: inputs.gridWidth,
                            gridHeight: inputs.gridHeight)))
            }
            masked.append(
                Example(
                    image: image, distances: distances, mask: mask, fold: fold,
                    positives: positives))
        }
        guard let shape, !masked.isEmpty else {
            throw VisionError(.unsuitableDataset, "There is no image with a mask.")
        }
        return Lesson(reader: reader, shape: shape, masked: masked, background: background)
    }

    /// The cells that show a label, by the share of each that it covers.
    static func cells(_ coverage: [Float]) -> [Int] {
        let highest = coverage.max() ?? 0
        guard highest > 0 else { return [] }
        let limit = min(coverageMin, highest / 2)
        return coverage.indices.filter { coverage[$0] >= limit }
    }

    /// The best cut of each label's logits, smoothed and not, on images that the classifier did not
    /// see. Where there is a finer grid they are never smoothed.
    private func outOfFold(_ lesson: Lesson) throws(VisionError) -> (
        smooth: [(cut: Float, iou: Double)], sharp: [(cut: Float, iou: Double)]
    ) {
        var smooth = labels.map { _ in LogitHistogram() }
        var sharp = smooth
        for fold in 0..<Folds.count {
            let (held, training) = (
                lesson.masked.filter { $0.fold == fold }, lesson.masked.filter { $0.fold != fold }
            )
            guard !held.isEmpty, !training.isEmpty else { continue }
            let classifier = train(training, lesson, without: fold)
            // A label that the training did not see says nothing about its cut.
            let seen = labels.indices.filter { label in
                training.contains { $0.positives[label].count > 0 }
            }
            for example in held {
                let inputs = try lesson.reader.inputs(example.image, example.distances)
                for label in seen {
                    let grid = inputs.logits(
                        classifier.column(label), bias: classifier.bias[label])
                    sharp[label].count(grid, of: label, in: example.mask)
                    if view.detail == nil {
                        smooth[label].count(grid.averaged3x3(), of: label, in: example.mask)
                    }
                }
            }
        }
        return (Self.cuts(smooth), Self.cuts(sharp))
    }

    private static func cuts(_ histograms: [LogitHistogram]) -> [(cut: Float, iou: Double)] {
        let cuts = histograms.map { $0.isEmpty ? nil : $0.bestCut() }
        let known = cuts.compactMap { $0 }
        let usual = known.reduce(0) { $0 + $1.cut } / Float(max(1, known.count))
        return cuts.map { $0 ?? (usual, 0) }
    }

    /// - Parameter fold: whose background is left out too.
    private func train(_ examples: [Example], _ lesson: Lesson, without fold: Int?)
        -> PixelClassifier
    {
        let kept = lesson.background.indices.filter { $0 != fold }
        let positives = labels.indices.map { label in
            Rows(
                width: lesson.shape.width,
                values: examples.flatMap { $0.positives[label].values })
        }
        return .fit(
            lesson.shape, labels: labels, positives: positives,
            background: Rows(
                width: lesson.shape.width, values: kept.flatMap { lesson.background[$0].values }))
    }
}
