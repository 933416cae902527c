/// How training fits a pixel classifier and computes its logits outside a graph.
extension PixelClassifier {
    /// Fits all labels.
    ///
    /// - Parameters:
    ///   - shape: names how wide the rows are and what they see.
    ///   - positives: for each label, cells that show it.
    ///   - background: cells that show none; those of other labels are added.
    static func fit(
        _ shape: Shape, labels: [LabelClass], positives: [Rows], background: Rows
    ) -> PixelClassifier {
        let width = shape.width
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
            labels: labels, shape: shape, isSmoothed: false, weights: weights, bias: bias)
    }

    /// The weights of one label in the order of a row.
    func column(_ label: Int) -> [Float] {
        (0..<shape.width).map { weights[$0 * labels.count + label] }
    }
}
