import FoundationEssentials

/// What training found out: everything between the features and the score.
package struct DetectorHead: Sendable {
    /// Whether features are averaged over 3×3 cells first.
    package var isSmoothed: Bool
    /// Share of the map's cells, the highest ones, whose mean is the score; 0 takes the maximum.
    package var pooledFraction: Double
    package var whitening: Whitening
    /// Memory bank: `count` whitened patches of normal images, row after row.
    package var bank: Rows
    package var classifier: PixelClassifier?
}

/// Row vectors of equal length in one array.
package struct Rows: Sendable, Equatable {
    package let width: Int
    package var values: [Float]

    package var count: Int { width == 0 ? 0 : values.count / width }

    package init(width: Int, values: [Float] = []) {
        precondition(width > 0 && values.count.isMultiple(of: width))
        self.width = width
        self.values = values
    }

    package subscript(row: Int) -> ArraySlice<Float> {
        values[(row * width)..<((row + 1) * width)]
    }

    mutating func append(_ row: ArraySlice<Float>) { values.append(contentsOf: row) }
}

/// Writes the detector as ONNX. Training scores its candidates with parts of the same graph that
/// is later hosted and packaged, so the figures cannot differ.
///
/// With x the feature rows of an image (P patches of C channels), m and T the whitening, B the
/// bank:
///
///     z = (x − m) T                                     whitened patches
///     d = sqrt(max(0, |z|² + min over b of (|b|² − 2 z·b)))   distance to the nearest b in B
///     score = mean of the k highest d
enum DetectorGraph {
    static let imageInput = "image"
    static let scoreOutput = "score"
    static let mapOutput = "anomaly_map"
    static let logitsOutput = "label_logits"

    /// Input `image` uint8 `[1, H, W, 3]`; output `features` `[1, C, h, w]`.
    static func features(_ extractor: some FeatureExtractor) throws(VisionError) -> Data {
        var builder = GraphBuilder(name: "features")
        let features = appendFeatures(&builder, extractor)
        let output = builder.node("Identity", [features], output: "features")
        builder.output(
            output, shape: [1, extractor.channels, extractor.gridHeight, extractor.gridWidth])
        return try builder.model()
    }

    /// Input `features` `[1, C, h, w]`; output `rows` `[h·w, C]`.
    static func rows(_ extractor: some FeatureExtractor, isSmoothed: Bool) throws(VisionError)
        -> Data
    {
        var builder = GraphBuilder(name: "rows")
        builder.input(
            "features", .float,
            shape: [1, extractor.channels, extractor.gridHeight, extractor.gridWidth])
        let rows = appendRows(&builder, extractor, features: "features", isSmoothed: isSmoothed)
        let patches = extractor.gridWidth * extractor.gridHeight
        builder.output(
            builder.node("Identity", [rows], output: "rows"), shape: [patches, extractor.channels])
        return try builder.model()
    }

    /// Input `rows` `[P, C]`; outputs `whitened` `[P, D]` and `distances` `[P, 1]`.
    static func distances(_ whitening: Whitening, bank: Rows, patches: Int) throws(VisionError)
        -> Data
    {
        var builder = GraphBuilder(name: "distances")
        builder.input("rows", .float, shape: [patches, whitening.mean.count])
        let (whitened, distances) = appendDistances(&builder, whitening, bank, rows: "rows")
        builder.output(
            builder.node("Identity", [whitened], output: "whitened"),
            shape: [patches, whitening.outputs])
        builder.output(
            builder.node("Identity", [distances], output: "distances"), shape: [patches, 1])
        return try builder.model()
    }

    /// The whole detector: input `image` uint8 `[1, H, W, 3]`; outputs `score` `[1]`,
    /// `anomaly_map` `[1, 1, H, W]` and, with a classifier of L labels, `label_logits`
    /// `[1, L, H, W]`, above 0 where a pixel has the label.
    static func detector(
        _ extractor: some FeatureExtractor, _ head: DetectorHead, metadata: [(String, String)]
    ) throws(VisionError) -> Data {
        var builder = GraphBuilder(name: "spotter-detector")
        let features = appendFeatures(&builder, extractor)
        let rows = appendRows(&builder, extractor, features: features, isSmoothed: head.isSmoothed)
        let (whitened, distances) = appendDistances(
            &builder, head.whitening, head.bank, rows: rows)
        appendScore(&builder, extractor, head, distances)
        appendMap(&builder, extractor, distances)
        if let classifier = head.classifier {
            appendClassifier(&builder, extractor, classifier, whitened, distances)
        }
        return try builder.model(metadata: metadata)
    }

    private static func appendFeatures(
        _ builder: inout GraphBuilder, _ extractor: some FeatureExtractor
    ) -> String {
        builder.input(
            imageInput, .uint8, shape: [1, extractor.inputHeight, extractor.inputWidth, 3])
        let floats = builder.node(
            "Cast", [imageInput], [("to", .int(ONNXTensor.ElementType.float.rawValue))])
        let planes = builder.node("Transpose", [floats], [("perm", .ints([0, 3, 1, 2]))])
        let scaled = builder.node("Mul", [planes, builder.scalar(1.0 / 255, "one_255th")])
        return builder.append(
            extractor.graph.graph, prefix: "backbone/", input: scaled,
            for: extractor.graph.input, output: extractor.graph.output)
    }

    private static func appendRows(
        _ builder: inout GraphBuilder, _ extractor: some FeatureExtractor, features: String,
        isSmoothed: Bool
    ) -> String {
        let grid = isSmoothed ? appendMean3x3(&builder, features) : features
        let last = builder.node("Transpose", [grid], [("perm", .ints([0, 2, 3, 1]))])
        return builder.node(
            "Reshape", [last, builder.constant([-1, extractor.channels], "rows_shape")])
    }

    /// Averages over 3×3 cells with the edge cells repeated outwards.
    private static func appendMean3x3(_ builder: inout GraphBuilder, _ grid: String) -> String {
        let pads = builder.constant([0, 0, 1, 1, 0, 0, 1, 1], "pads")
        let padded = builder.node("Pad", [grid, pads], [("mode", .string("edge"))])
        return builder.node(
            "AveragePool", [padded],
            [("kernel_shape", .ints([3, 3])), ("strides", .ints([1, 1]))])
    }

    private static func appendDistances(
        _ builder: inout GraphBuilder, _ whitening: Whitening, _ bank: Rows, rows: String
    ) -> (whitened: String, distances: String) {
        let mean = builder.constant(
            Tensor(shape: [1, whitening.mean.count], values: whitening.mean), "mean")
        let transform = builder.constant(
            Tensor(
                shape: [whitening.mean.count, whitening.outputs], values: whitening.transform),
            "transform")
        let whitened = builder.node("MatMul", [builder.node("Sub", [rows, mean]), transform])
        // −2 Bᵀ and |b|² are constants, so one product and one addition give all differences.
        var products = [Float](repeating: 0, count: bank.values.count)
        var norms = [Float](repeating: 0, count: bank.count)
        for (index, row) in (0..<bank.count).map({ ($0, bank[$0]) }) {
            for (dimension, value) in row.enumerated() {
                products[dimension * bank.count + index] = -2 * value
                norms[index] += value * value
            }
        }
        let product = builder.node(
            "MatMul",
            [
                whitened,
                builder.constant(
                    Tensor(shape: [bank.width, bank.count], values: products), "bank"),
            ])
        let relative = builder.node(
            "Add",
            [product, builder.constant(Tensor(shape: [1, bank.count], values: norms), "norms")])
        let nearest = builder.node(
            "ReduceMin", [relative], [("axes", .ints([1])), ("keepdims", .int(1))])
        let square = builder.node("Mul", [whitened, whitened])
        let own = builder.node(
            "ReduceSum", [square, builder.constant([1], "axis")], [("keepdims", .int(1))])
        // Rounding can push a distance of zero below it.
        let clipped = builder.node(
            "Max", [builder.node("Add", [nearest, own]), builder.scalar(0, "zero")])
        return (whitened, builder.node("Sqrt", [clipped]))
    }

    private static func appendScore(
        _ builder: inout GraphBuilder, _ extractor: some FeatureExtractor, _ head: DetectorHead,
        _ distances: String
    ) {
        let patches = extractor.gridWidth * extractor.gridHeight
        let count = Pooling.count(fraction: head.pooledFraction, of: patches)
        let flat = builder.node("Reshape", [distances, builder.constant([-1], "flat_shape")])
        let top = builder.nodes(
            "TopK", [flat, builder.constant([count], "pooled_count")],
            [("axis", .int(0)), ("largest", .int(1))],
            outputs: ["pooled_values", "pooled_indices"])
        _ = builder.node(
            "ReduceMean", [top[0]], [("axes", .ints([0])), ("keepdims", .int(1))],
            output: scoreOutput)
        builder.output(scoreOutput, shape: [1])
    }

    private static func appendMap(
        _ builder: inout GraphBuilder, _ extractor: some FeatureExtractor, _ distances: String
    ) {
        let shape = builder.constant(
            [1, 1, extractor.gridHeight, extractor.gridWidth], "map_shape")
        let grid = builder.node("Reshape", [distances, shape])
        appendUpsampling(&builder, extractor, grid, channels: 1, output: mapOutput)
    }

    private static func appendUpsampling(
        _ builder: inout GraphBuilder, _ extractor: some FeatureExtractor, _ grid: String,
        channels: Int, output: String
    ) {
        let shape = [1, channels, extractor.inputHeight, extractor.inputWidth]
        _ = builder.node(
            "Resize", [grid, "", "", builder.constant(shape, "full_size")],
            [
                ("mode", .string("linear")),
                ("coordinate_transformation_mode", .string("half_pixel")),
            ], output: output)
        builder.output(output, shape: shape)
    }

    private static func appendClassifier(
        _ builder: inout GraphBuilder, _ extractor: some FeatureExtractor,
        _ classifier: PixelClassifier, _ whitened: String, _ distances: String
    ) {
        let labels = classifier.labels.count
        let floor = builder.node(
            "Max", [distances, builder.scalar(PixelClassifier.distanceFloor, "floor")])
        let logarithm = builder.node("Log", [floor])
        let inputs = builder.node("Concat", [whitened, logarithm], [("axis", .int(1))])
        let weights = builder.constant(
            Tensor(
                shape: [classifier.inputs, labels], values: classifier.weights), "label_weights")
        let bias = builder.constant(
            Tensor(shape: [1, labels], values: classifier.bias), "label_bias")
        let logits = builder.node("Add", [builder.node("MatMul", [inputs, weights]), bias])
        let shape = builder.constant(
            [1, extractor.gridHeight, extractor.gridWidth, labels], "logits_shape")
        let planes = builder.node(
            "Transpose", [builder.node("Reshape", [logits, shape])],
            [("perm", .ints([0, 3, 1, 2]))]
        )
        let smooth = appendMean3x3(&builder, planes)
        appendUpsampling(&builder, extractor, smooth, channels: labels, output: logitsOutput)
    }
}

/// How a map of distances becomes one score.
enum Pooling {
    /// Fractions that cross-validation chooses among; 0 is the maximum.
    static let fractions = [0.0, 0.005, 0.01, 0.05]

    /// Cells whose mean is taken, at least one.
    static func count(fraction: Double, of cells: Int) -> Int {
        max(1, Int((fraction * Double(cells)).rounded()))
    }

    static func score(_ distances: [Float], fraction: Double) -> Double {
        let top = distances.sorted(by: >).prefix(count(fraction: fraction, of: distances.count))
        return top.reduce(0) { $0 + Double($1) } / Double(top.count)
    }
}
