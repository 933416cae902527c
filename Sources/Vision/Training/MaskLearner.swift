import Glibc

/// Fits the pixel classifier and the cut of each label's logits.
struct MaskLearner: Sendable {
    /// A cell shows a label when the label covers this share of it, or half of the largest share
    /// in its image: the marks of tiny defects never cover much of a cell.
    private static let coverageMin: Float = 0.3
    private static let folds = 3

    let extractor: any FeatureExtractor
    let labels: [LabelClass]
    let seed: UInt64
    let normals: [LearnedImage]
    let anomalies: [LearnedImage]

    /// Inputs of one image's patches and which labels they show.
    private struct Example {
        let rows: Rows
        /// For each label the patches that show it; nil for an anomaly without a mask.
        let positives: [[Int]]?
        /// Patches of nothing at all.
        let background: [Int]
        let sampledMask: [UInt8]?
    }

    /// - Parameter outOfFold: supplies distances of normal images to banks without them.
    /// - Returns: the classifier, whose bias puts each label's best cut at 0, and the
    ///   intersection over union that the cuts reach out of fold.
    func fit(
        _ fit: CrossValidation.Fit, validation: CrossValidation,
        outOfFold: CrossValidation.Outcome
    ) throws(VisionError) -> (PixelClassifier, [String: Double]) {
        let normalExamples = try examples(normals, fit, validation, outOfFold.normalDistances)
        let masked = try examples(
            anomalies.filter { $0.coverage != nil }, fit, validation, nil)
        var histograms = labels.map { _ in LogitHistogram() }
        let folds = min(Self.folds, masked.count)
        if folds >= 2 {
            for fold in 0..<folds {
                let training = masked.indices.filter { $0 % folds != fold }.map { masked[$0] }
                let classifier = train(training + normalExamples)
                for index in masked.indices where index % folds == fold {
                    tally(masked[index], classifier, &histograms)
                }
            }
        }
        var classifier = train(masked + normalExamples)
        var iou: [String: Double] = [:]
        for label in labels.indices {
            let (cut, value) = histograms[label].bestCut()
            classifier.bias[label] -= cut
            iou[labels[label].name] = value
        }
        return (classifier, iou)
    }

    private func examples(
        _ images: [LearnedImage], _ fit: CrossValidation.Fit, _ validation: CrossValidation,
        _ distances: [[Float]]?
    ) throws(VisionError) -> [Example] {
        let rows = try validation.rows(images, fit.configuration)
        var out: [Example] = []
        for (index, image) in images.enumerated() {
            let (whitened, own) = try validation.distances(rows[index], fit)
            // Patches of a normal image may be in the bank themselves; elsewhere their distance
            // would be 0.
            let inputs = Self.inputs(whitened, distances?[index] ?? own)
            let positives = image.coverage.map { $0.map(Self.cells) }
            let background = (0..<inputs.count).filter { patch in
                image.coverage?.allSatisfy { $0[patch] < 0.01 } ?? true
            }
            out.append(
                Example(
                    rows: inputs, positives: positives, background: background,
                    sampledMask: image.sampledMask))
        }
        return out
    }

    private static func inputs(_ whitened: Rows, _ distances: [Float]) -> Rows {
        var out = Rows(width: whitened.width + 1)
        out.values.reserveCapacity(whitened.count * out.width)
        for row in 0..<whitened.count {
            out.values += whitened[row]
            out.values.append(logf(max(distances[row], PixelClassifier.distanceFloor)))
        }
        return out
    }

    private static func cells(_ coverage: [Float]) -> [Int] {
        let highest = coverage.max() ?? 0
        guard highest > 0 else { return [] }
        let limit = min(coverageMin, highest / 2)
        return coverage.indices.filter { coverage[$0] >= limit }
    }

    private func train(_ examples: [Example]) -> PixelClassifier {
        var random = SeededRandom(seed: seed)
        let width = examples[0].rows.width
        var positives = labels.map { _ in Rows(width: width) }
        var background = Rows(width: width)
        let share = max(1, VisionLimits.backgroundPatchesMax / examples.count)
        for example in examples {
            for label in labels.indices {
                for patch in example.positives?[label] ?? [] {
                    positives[label].append(example.rows[patch])
                }
            }
            let chosen = Sampling.indices(share, below: example.background.count, using: &random)
            for index in chosen { background.append(example.rows[example.background[index]]) }
        }
        let negatives = labels.indices.map { label in
            labels.indices.filter { $0 != label }.reduce(background) { rows, other in
                Rows(width: width, values: rows.values + positives[other].values)
            }
        }
        return .fit(labels: labels, positives: positives, negatives: negatives)
    }

    /// Counts an image's pixels by their logits.
    private func tally(
        _ example: Example, _ classifier: PixelClassifier, _ histograms: inout [LogitHistogram]
    ) {
        guard let mask = example.sampledMask else { return }
        let grids = classifier.logits(
            example.rows, gridWidth: extractor.gridWidth, gridHeight: extractor.gridHeight)
        for (label, grid) in grids.enumerated() {
            let logits = grid.resized(width: extractor.inputWidth, height: extractor.inputHeight)
            for (logit, shown) in zip(logits.values, mask) {
                histograms[label].count(logit, isLabel: shown == label + 1)
            }
        }
    }
}

/// Pixels by their logit, those of a label and the others.
private struct LogitHistogram {
    private static let logitMax: Float = 1000
    private static let binsPerUnit: Float = 8
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
