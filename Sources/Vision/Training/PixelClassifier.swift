/// Tells for each patch which labels it shows: logistic regression for each label on what is known
/// of the patch (`CrossValidation.classifierInputs`) and, where that helps, on its mean over the
/// 9×9 cells around: what people outline is sometimes wider than what a single cell shows.
package struct PixelClassifier: Sendable, Equatable {
    /// Distances are not taken below this before their logarithm.
    static let distanceFloor: Float = 1e-3

    package let labels: [LabelClass]
    /// Length of a patch's own input vector.
    package let inputs: Int
    /// Whether it looks at the mean over the cells around too.
    package let seesSurroundings: Bool
    /// `[width, labels]`, row-major: a patch's own, then its surroundings'.
    package let weights: [Float]
    /// One value a label; a logit above 0 means the label is there.
    package var bias: [Float]

    /// Cells to each side of a patch that are its surroundings.
    static let contextRadius = 4

    /// A patch's own inputs and, if it sees them, its surroundings'.
    var width: Int { seesSurroundings ? 2 * inputs : inputs }

    /// Fits all labels.
    ///
    /// - Parameters:
    ///   - seesSurroundings: whether the rows have them.
    ///   - positives: for each label, patches that show it.
    ///   - background: patches that show none; those of other labels are added.
    static func fit(
        labels: [LabelClass], seesSurroundings: Bool, positives: [Rows], background: Rows
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
            seesSurroundings: seesSurroundings, weights: weights, bias: bias)
    }

    /// Logits of one image's patches, a grid for each label, smoothed as in the graph.
    func logits(_ rows: Rows, gridWidth: Int, gridHeight: Int) -> [FloatMap] {
        labels.indices.map { label in
            let values = (0..<rows.count).map { row in
                zip(rows[row], 0..<width).reduce(bias[label]) {
                    $0 + $1.0 * weights[$1.1 * labels.count + label]
                }
            }
            return FloatMap(width: gridWidth, height: gridHeight, values: values).averaged3x3()
        }
    }
}

extension FloatMap {
    /// The mean of 3×3 cells with the edge cells repeated outwards.
    func averaged3x3() -> FloatMap {
        var out = self
        values.withUnsafeBufferPointer { values in
            for y in 0..<height {
                for x in 0..<width {
                    var sum: Float = 0
                    for dy in -1...1 {
                        let row = min(max(y + dy, 0), height - 1) * width
                        for dx in -1...1 { sum += values[row + min(max(x + dx, 0), width - 1)] }
                    }
                    out.values[y * width + x] = sum / 9
                }
            }
        }
        return out
    }
}
