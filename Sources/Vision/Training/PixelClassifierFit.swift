/// How training fits a pixel classifier and computes its logits outside a graph.
extension PixelClassifier {
    /// Fits all labels.
    ///
    /// - Parameters:
    ///   - seesSurroundings: whether the rows have them.
    ///   - isSmoothed: whether logits are averaged over 3×3 cells.
    ///   - positives: for each label, patches that show it.
    ///   - background: patches that show none; those of other labels are added.
    static func fit(
        labels: [LabelClass], seesSurroundings: Bool, isSmoothed: Bool, positives: [Rows],
        background: Rows
    ) -> PixelClassifier {
        let width = positives[0].width
        var weights = [Float](repeating: 0, count: width * labels.count)
        var bias = [Float](repeating: 0, count: labels.count)
        for label in labels.indices {
            // One at a time: with a hundred labels all of them would not fit into memory.
            var negatives = background
            for other in labels.indices where other != label {
                let share = VisionLimits.labelPatchesMax / labels.count
                negatives.values += positives[other].values.prefix(share * width)
            }
            let fitted = LinearClassifier.logistic(positives[label], negatives)
            for input in 0..<width {
                weights[input * labels.count + label] = Float(fitted.weights[input])
            }
            bias[label] = Float(fitted.bias)
        }
        return PixelClassifier(
            labels: labels, inputs: seesSurroundings ? width / 2 : width,
            seesSurroundings: seesSurroundings, isSmoothed: isSmoothed, weights: weights,
            bias: bias)
    }

    /// Logits of one image's patches, a grid for each label, not smoothed.
    func logits(_ rows: Rows, gridWidth: Int, gridHeight: Int) -> [FloatMap] {
        labels.indices.map { label in
            let values = (0..<rows.count).map { row in
                zip(rows[row], 0..<width).reduce(bias[label]) {
                    $0 + $1.0 * weights[$1.1 * labels.count + label]
                }
            }
            return FloatMap(width: gridWidth, height: gridHeight, values: values)
        }
    }
}
