import Glibc

/// Fits the pixel classifier and the cut of each label's logits.
struct MaskLearner: Sendable {
    /// A cell shows a label when the label covers this share of it, or half of the largest share
    /// in its image: the marks of tiny defects never cover much of a cell.
    private static let coverageMin: Float = 0.3

    let validation: CrossValidation
    let labels: [LabelClass]

    private var view: FeatureView { validation.view }

    /// Inputs of one image's patches, and which labels they show.
    private struct Example {
        let rows: Rows
        /// For each label the patches that show it; nil for an anomaly without a mask.
        let positives: [[Int]]?
        /// Patches of nothing at all.
        let background: [Int]
        let mask: LabelMask?
        let fold: Int
    }

    /// What the classifier learns from.
    private struct Lesson {
        let masked: [Example]
        /// Patches of nothing, a sample, by the fold of their image.
        let background: [Rows]
        let seesSurroundings: Bool
    }

    /// - Returns: the classifier, whose bias puts each label's best cut at 0, and the
    ///   intersection over union that the cuts reach out of fold.
    func fit(_ fit: CrossValidation.Fit, _ judgement: CrossValidation.Judgement)
        throws(VisionError) -> (PixelClassifier, [String: Double])
    {
        let best = try best(fit, judgement)
        let (lesson, cuts) = (best.lesson, best.cuts)
        var classifier = train(
            lesson.masked, lesson, isSmoothed: best.isSmoothed, without: nil)
        var iou: [String: Double] = [:]
        for label in labels.indices {
            classifier.bias[label] -= cuts[label].cut
            iou[labels[label].name] = cuts[label].iou
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
        let own = outcome(try lesson(fit, judgement, seesSurroundings: false))
        // Features of a network that sees textures say enough of what is around a cell.
        guard labels.count <= VisionLimits.comparedLabelsMax, !view.extractor.seesTexture else {
            return own
        }
        let wide = outcome(try lesson(fit, judgement, seesSurroundings: true))
        return wide.iou > own.iou ? wide : own
    }

    private func outcome(_ lesson: Lesson) -> Outcome {
        let (smooth, sharp) = outOfFold(lesson)
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
        var masked: [Example] = []
        var negatives: [Rows] = []
        let session = try validation.rowsSession(isSmoothed: fit.configuration.isSmoothed)
        let share = max(1, VisionLimits.backgroundPatchesMax / max(1, pairs.count))
        var random = SeededRandom(seed: validation.seed)
        for (image, distances, fold) in pairs {
            let own = validation.classifierInputs(
                image, try validation.rows(image, session), distances, fit)
            let example = example(
                image, seesSurroundings ? withSurroundings(own) : own, fold: fold)
            if negatives.isEmpty {
                negatives = (0..<Folds.count).map { _ in Rows(width: example.rows.width) }
            }
            for index in Sampling.indices(share, below: example.background.count, using: &random) {
                negatives[fold].append(example.rows[example.background[index]])
            }
            if image.mask != nil { masked.append(example) }
        }
        guard !masked.isEmpty else {
            throw VisionError(.unsuitableDataset, "There is no image with a mask.")
        }
        return Lesson(
            masked: masked, background: negatives, seesSurroundings: seesSurroundings)
    }

    /// The best cut of each label's logits, smoothed and not, on images that the classifier did not
    /// see.
    private func outOfFold(_ lesson: Lesson) -> (
        smooth: [(cut: Float, iou: Double)], sharp: [(cut: Float, iou: Double)]
    ) {
        var smooth = labels.map { _ in LogitHistogram() }
        var sharp = smooth
        for fold in 0..<Folds.count {
            let (held, training) = (
                lesson.masked.filter { $0.fold == fold }, lesson.masked.filter { $0.fold != fold }
            )
            guard !held.isEmpty, !training.isEmpty else { continue }
            let classifier = train(training, lesson, isSmoothed: false, without: fold)
            // A label that the training did not see says nothing about its cut.
            let seen = labels.indices.map { label in
                training.contains { !($0.positives?[label].isEmpty ?? true) }
            }
            for example in held { tally(example, classifier, seen, &smooth, &sharp) }
        }
        return (Self.cuts(smooth), Self.cuts(sharp))
    }

    private static func cuts(_ histograms: [LogitHistogram]) -> [(cut: Float, iou: Double)] {
        let cuts = histograms.map { $0.isEmpty ? nil : $0.bestCut() }
        let known = cuts.compactMap { $0 }
        let usual = known.reduce(0) { $0 + $1.cut } / Float(max(1, known.count))
        return cuts.map { $0 ?? (usual, 0) }
    }

    private func example(_ image: ViewImage, _ rows: Rows, fold: Int) -> Example {
        let (width, height) = (view.gridWidth, view.gridHeight)
        let positives = image.mask.map { mask in
            labels.indices.map {
                Self.cells(mask.coverage(of: $0, gridWidth: width, gridHeight: height))
            }
        }
        let any = image.mask?.coverageOfAnyLabel(gridWidth: width, gridHeight: height)
        let background = (0..<rows.count).filter { cell in (any?[cell] ?? 0) < 0.01 }
        return Example(
            rows: rows, positives: positives, background: background, mask: image.mask,
            fold: fold)
    }

    /// The cells that show a label, by the share of each that it covers.
    static func cells(_ coverage: [Float]) -> [Int] {
        let highest = coverage.max() ?? 0
        guard highest > 0 else { return [] }
        let limit = min(coverageMin, highest / 2)
        return coverage.indices.filter { coverage[$0] >= limit }
    }

    private func withSurroundings(_ rows: Rows) -> Rows {
        let around = view.averaged(
            rows.values, channels: rows.width, radius: PixelClassifier.contextRadius)
        var out = Rows(width: 2 * rows.width)
        out.values.reserveCapacity(2 * rows.values.count)
        for row in 0..<rows.count {
            out.values += rows[row]
            out.values += around[(row * rows.width)..<((row + 1) * rows.width)]
        }
        return out
    }

    /// - Parameter fold: whose background is left out too.
    private func train(
        _ examples: [Example], _ lesson: Lesson, isSmoothed: Bool, without fold: Int?
    ) -> PixelClassifier {
        let kept = lesson.background.indices.filter { $0 != fold }
        let background = Rows(
            width: lesson.background[0].width,
            values: kept.flatMap { lesson.background[$0].values })
        var random = SeededRandom(seed: validation.seed)
        let share = max(16, VisionLimits.labelPatchesMax / max(1, examples.count))
        let positives = labels.indices.map { label in
            examples.reduce(into: Rows(width: background.width)) { rows, example in
                let cells = example.positives?[label] ?? []
                for index in Sampling.indices(share, below: cells.count, using: &random) {
                    rows.append(example.rows[cells[index]])
                }
            }
        }
        return .fit(
            labels: labels, seesSurroundings: lesson.seesSurroundings, isSmoothed: isSmoothed,
            positives: positives,
            background: background)
    }

    /// Counts an image's pixels by their logits.
    private func tally(
        _ example: Example, _ classifier: PixelClassifier, _ seen: [Bool],
        _ smooth: inout [LogitHistogram], _ sharp: inout [LogitHistogram]
    ) {
        guard let mask = example.mask else { return }
        let grids = classifier.logits(
            example.rows, gridWidth: view.gridWidth, gridHeight: view.gridHeight)
        for (label, grid) in grids.enumerated() where seen[label] {
            smooth[label].count(grid.averaged3x3(), of: label, in: mask)
            sharp[label].count(grid, of: label, in: mask)
        }
    }
}

/// Pixels by their logit, those of a label and the others.
private struct LogitHistogram {
    private static let logitMax: Float = 250
    private static let binsPerUnit: Float = 32
    private static let offset = Int(logitMax * binsPerUnit)

    private var hits = [Int](repeating: 0, count: 2 * offset + 1)
    private var others = [Int](repeating: 0, count: 2 * offset + 1)

    var isEmpty: Bool { !hits.contains { $0 > 0 } }

    mutating func count(_ logit: Float, isLabel: Bool) {
        let clamped = min(max(logit, -Self.logitMax), Self.logitMax)
        let bin = Int((clamped * Self.binsPerUnit).rounded(.down)) + Self.offset
        if isLabel { hits[bin] += 1 } else { others[bin] += 1 }
    }

    mutating func count(_ grid: FloatMap, of label: Int, in mask: LabelMask) {
        let logits = grid.resized(width: mask.width, height: mask.height)
        for (logit, shown) in zip(logits.values, mask.indices) {
            count(logit, isLabel: shown == label + 1)
        }
    }

    /// The lower edge of the bin above which intersection over union is best.
    func bestCut() -> (cut: Float, iou: Double) {
        let total = hits.reduce(0, +)
        var (found, predicted) = (0, 0)
        var best = (cut: Float(0), iou: 0.0)
        for bin in hits.indices.reversed() {
            found += hits[bin]
            predicted += hits[bin] + others[bin]
            let iou = Double(found) / Double(max(1, total + predicted - found))
            if iou > best.iou { best = (Float(bin - Self.offset) / Self.binsPerUnit, iou) }
        }
        return best
    }
}
