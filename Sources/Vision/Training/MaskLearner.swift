import Glibc

/// Fits the pixel classifier and the cut of each label's logits.
struct MaskLearner: Sendable {
    /// A cell shows a label when the label covers this share of it, or half of the largest share
    /// in its image: the marks of tiny defects never cover much of a cell.
    private static let coverageMin: Float = 0.3
    private static let folds = 3
    private static let hiddenUnits = 96

    let validation: CrossValidation
    let labels: [LabelClass]

    private var view: FeatureView { validation.view }

    /// Extended inputs of one image's patches and which labels they show.
    private struct Example {
        let rows: Rows
        /// For each label the patches that show it; nil for an anomaly without a mask.
        let positives: [[Int]]?
        /// Patches of nothing at all.
        let background: [Int]
        let mask: LabelMask?
    }

    /// - Returns: the classifier, whose bias puts each label's best cut at 0, and the
    ///   intersection over union that the cuts reach out of fold.
    func fit(_ fit: CrossValidation.Fit, _ judgement: CrossValidation.Judgement)
        throws(VisionError) -> (PixelClassifier, [String: Double])
    {
        let images = validation.images
        let pairs =
            zip(images.normals, judgement.normal).map { ($0, $1) }
            + zip(images.anomalies, judgement.anomalous).filter { $0.0.mask != nil }
        let hidden = try hidden(pairs, fit)
        var masked: [Example] = []
        var background = Rows(width: hidden.inputs + hidden.layer.units)
        let share = max(1, VisionLimits.backgroundPatchesMax / pairs.count)
        var random = SeededRandom(seed: validation.seed)
        for (image, distances) in pairs {
            let example = try example(image, distances, fit, hidden.layer)
            for index in Sampling.indices(share, below: example.background.count, using: &random) {
                background.append(example.rows[example.background[index]])
            }
            if image.mask != nil { masked.append(example) }
        }
        var histograms = labels.map { _ in LogitHistogram() }
        let folds = min(Self.folds, masked.count)
        if folds >= 2 {
            for fold in 0..<folds {
                let training = masked.indices.filter { $0 % folds != fold }.map { masked[$0] }
                let classifier = train(training, background, hidden.layer)
                for index in masked.indices where index % folds == fold {
                    tally(masked[index], classifier, &histograms)
                }
            }
        }
        var classifier = train(masked, background, hidden.layer)
        var iou: [String: Double] = [:]
        for label in labels.indices {
            let (cut, value) = histograms[label].bestCut()
            classifier.bias[label] -= cut
            iou[labels[label].name] = value
        }
        return (classifier, iou)
    }

    private func inputs(
        _ image: ViewImage, _ distances: [Float], _ fit: CrossValidation.Fit
    ) throws(VisionError) -> Rows {
        let rows = try validation.rows([image], isSmoothed: fit.configuration.isSmoothed)[0]
        return SupervisionLearner.inputs(fit.whitening.apply(to: rows), distances)
    }

    private func hidden(
        _ pairs: [(ViewImage, [Float])], _ fit: CrossValidation.Fit
    ) throws(VisionError) -> (layer: PixelClassifier.Hidden, inputs: Int) {
        var sample: Rows?
        for (image, distances) in pairs.prefix(8) {
            let rows = try inputs(image, distances, fit)
            sample = Rows(width: rows.width, values: (sample?.values ?? []) + rows.values)
        }
        guard let sample else {
            throw VisionError(.unsuitableDataset, "There is no image with a mask.")
        }
        var (sums, squares) = (
            [Float](repeating: 0, count: sample.width), [Float](repeating: 0, count: sample.width)
        )
        for (index, value) in sample.values.enumerated() {
            sums[index % sample.width] += value
            squares[index % sample.width] += value * value
        }
        let count = Float(sample.count)
        let deviation = zip(sums, squares).map { sum, square in
            max(0, square / count - (sum / count) * (sum / count)).squareRoot()
        }
        return (PixelClassifier.Hidden(units: Self.hiddenUnits, scale: deviation), sample.width)
    }

    private func example(
        _ image: ViewImage, _ distances: [Float], _ fit: CrossValidation.Fit,
        _ hidden: PixelClassifier.Hidden
    ) throws(VisionError) -> Example {
        let rows = hidden.extended(try inputs(image, distances, fit))
        let (width, height) = (view.gridWidth, view.gridHeight)
        let positives = image.mask.map { mask in
            labels.indices.map {
                Self.cells(mask.coverage(of: $0, gridWidth: width, gridHeight: height))
            }
        }
        let any = image.mask?.coverageOfAnyLabel(gridWidth: width, gridHeight: height)
        let background = (0..<rows.count).filter { cell in (any?[cell] ?? 0) < 0.01 }
        return Example(
            rows: rows, positives: positives, background: background, mask: image.mask)
    }

    /// The cells that show a label, by the share of each that it covers.
    static func cells(_ coverage: [Float]) -> [Int] {
        let highest = coverage.max() ?? 0
        guard highest > 0 else { return [] }
        let limit = min(coverageMin, highest / 2)
        return coverage.indices.filter { coverage[$0] >= limit }
    }

    private func train(
        _ examples: [Example], _ background: Rows, _ hidden: PixelClassifier.Hidden
    ) -> PixelClassifier {
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
        let negatives = labels.indices.map { label in
            labels.indices.filter { $0 != label }.reduce(background) { rows, other in
                Rows(width: background.width, values: rows.values + positives[other].values)
            }
        }
        return .fit(labels: labels, hidden: hidden, positives: positives, negatives: negatives)
    }

    /// Counts an image's pixels by their logits.
    private func tally(
        _ example: Example, _ classifier: PixelClassifier, _ histograms: inout [LogitHistogram]
    ) {
        guard let mask = example.mask else { return }
        let grids = classifier.logits(
            example.rows, gridWidth: view.gridWidth, gridHeight: view.gridHeight)
        for (label, grid) in grids.enumerated() {
            let logits = grid.resized(width: mask.width, height: mask.height)
            for (logit, shown) in zip(logits.values, mask.indices) {
                histograms[label].count(logit, isLabel: shown == label + 1)
            }
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

    mutating func count(_ logit: Float, isLabel: Bool) {
        let clamped = min(max(logit, -Self.logitMax), Self.logitMax)
        let bin = Int((clamped * Self.binsPerUnit).rounded(.down)) + Self.offset
        if isLabel { hits[bin] += 1 } else { others[bin] += 1 }
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
