/// Tells for each patch which labels it shows: logistic regression for each label on the whitened
/// features, the logarithm of the distance to normal, and units of a fixed random layer, which let
/// a linear method separate what no plane does (Huang, Zhu and Siew, "Extreme learning machine",
/// 2006).
package struct PixelClassifier: Sendable, Equatable {
    /// Distances are not taken below this before their logarithm.
    static let distanceFloor: Float = 1e-3

    /// max(0, x · weights + bias) for each unit.
    package struct Hidden: Sendable, Equatable {
        package let units: Int
        /// `[inputs, units]`, row-major.
        package let weights: [Float]
        package let bias: [Float]

        /// - Parameter scale: deviation of each input, so that all have a say.
        init(units: Int, scale: [Float]) {
            self.units = units
            let inputs = scale.count
            let random = RandomProjection.values(rows: units, columns: inputs + 1)
            var weights = [Float](repeating: 0, count: inputs * units)
            var bias = [Float](repeating: 0, count: units)
            for unit in 0..<units {
                for input in 0..<inputs {
                    weights[input * units + unit] =
                        random[unit * (inputs + 1) + input] / max(scale[input], 1e-3)
                }
                bias[unit] = random[unit * (inputs + 1) + inputs]
            }
            (self.weights, self.bias) = (weights, bias)
        }

        /// The rows with the units' values after their own.
        func extended(_ rows: Rows) -> Rows {
            var out = Rows(width: rows.width + units)
            out.values.reserveCapacity(rows.count * out.width)
            var sums = bias
            rows.values.withUnsafeBufferPointer { values in
                weights.withUnsafeBufferPointer { weights in
                    for row in 0..<rows.count {
                        sums = bias
                        for input in 0..<rows.width {
                            let value = values[row * rows.width + input]
                            out.values.append(value)
                            for unit in 0..<units { sums[unit] += value * weights[input * units + unit] }
                        }
                        for unit in 0..<units { out.values.append(max(0, sums[unit])) }
                    }
                }
            }
            return out
        }
    }

    package let labels: [LabelClass]
    /// Length of a patch's input vector.
    package let inputs: Int
    package let hidden: Hidden?
    /// `[inputs + units, labels]`, row-major.
    package let weights: [Float]
    /// One value a label; a logit above 0 means the label is there.
    package var bias: [Float]

    /// Inputs and units.
    var width: Int { inputs + (hidden?.units ?? 0) }

    /// Fits all labels.
    ///
    /// - Parameters:
    ///   - positives: for each label, patches that show it, extended.
    ///   - negatives: for each label, patches that do not, extended.
    static func fit(
        labels: [LabelClass], hidden: Hidden?, positives: [Rows], negatives: [Rows]
    ) -> PixelClassifier {
        let width = positives[0].width
        var weights = [Float](repeating: 0, count: width * labels.count)
        var bias = [Float](repeating: 0, count: labels.count)
        for label in labels.indices {
            let fitted = LinearClassifier.logistic(positives[label], negatives[label])
            for input in 0..<width {
                weights[input * labels.count + label] = Float(fitted.weights[input])
            }
            bias[label] = Float(fitted.bias)
        }
        return PixelClassifier(
            labels: labels, inputs: width - (hidden?.units ?? 0), hidden: hidden,
            weights: weights, bias: bias)
    }

    /// Logits of one image's extended patches, a grid for each label, smoothed as in the graph.
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
