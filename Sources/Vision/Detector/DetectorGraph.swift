import FoundationEssentials

/// Writes the detector as ONNX. Training scores its candidates with parts of the same graph that
/// is later hosted and packaged, so the figures cannot differ.
///
/// With x the feature rows of an image (P patches of C channels), m and T the whitening:
///
///     z = (x − m) T                                     whitened patches
///     d = sqrt(max(0, |z|² + min over b of (|b|² − 2 z·b)))   with a memory bank: the distance
///                                                       to the nearest b in it
///     d = sqrt(mean over channels of ((z − μ) / σ)²)    with statistics of positions
///
/// both by the leading channels of z and divided by `BorderScale`,
///
///     u = mean of the k highest d
///     score = u, or with labelled anomalies as `Supervision` says
enum DetectorGraph {
    static let imageInput = "image"
    static let scoreOutput = "score"
    static let mapOutput = "anomaly_map"
    static let logitsOutput = "label_logits"

    /// Input `image` uint8 `[1, H, W, 3]`; outputs `features` `[1, h, w, C]` and, where the view
    /// has a texture, `texture` `[1, h, w, T]`.
    static func features(_ view: FeatureView) throws(VisionError) -> Data {
        var builder = GraphBuilder(name: "features")
        let image = appendImage(&builder, view)
        if let bank = view.texture {
            appendCells(
                &builder, view, appendTexture(&builder, bank, image),
                channels: bank.taps[0].channels, output: "texture")
        }
        appendCells(
            &builder, view, appendFeatures(&builder, view, image), channels: view.channels,
            output: "features")
        return try builder.model()
    }

    /// An output with the channels of each cell side by side.
    private static func appendCells(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ grid: String, channels: Int,
        output: String
    ) {
        let cells = builder.node(
            "Transpose", [grid], [("perm", .ints([0, 2, 3, 1]))], output: output)
        builder.output(cells, shape: [1, view.gridHeight, view.gridWidth, channels])
    }

    /// Input `image` uint8 `[1, H, W, 3]`; output `detail`, the view's finer grid.
    static func detail(_ view: FeatureView, _ detail: FeatureTap) throws(VisionError) -> Data {
        var builder = GraphBuilder(name: "detail")
        let image = appendNormalised(&builder, view, appendImage(&builder, view))
        let grid = builder.append(
            view.extractor.graph.graph, prefix: backbonePrefix, input: image,
            for: view.extractor.graph.input, output: detail.name)
        builder.output(
            builder.node("Identity", [grid], output: "detail"),
            shape: [
                1, detail.channels, view.input.height / detail.stride,
                view.input.width / detail.stride,
            ])
        return try builder.model()
    }

    /// Input `image` uint8 `[1, H, W, 3]`; outputs `features` `[1, C, h, w]` and, where the view
    /// has a finer grid, `detail` `[1, D, 2h, 2w]`.
    static func outline(_ view: FeatureView) throws(VisionError) -> Data {
        var builder = GraphBuilder(name: "outline")
        let features = appendFeatures(&builder, view, appendImage(&builder, view))
        func give(_ grid: String, _ name: String, _ channels: Int, _ stride: Int) {
            builder.output(
                builder.node("Identity", [grid], output: name),
                shape: [1, channels, view.input.height / stride, view.input.width / stride])
        }
        give(features, "features", view.channels, view.tap.stride)
        if let detail = view.detail {
            give(backbonePrefix + detail.name, "detail", detail.channels, detail.stride)
        }
        return try builder.model()
    }

    /// Input `features` `[1, h, w, C]`; output `rows` `[h·w, C]`, each averaged over 3×3 cells.
    static func smoothedRows(_ view: FeatureView) throws(VisionError) -> Data {
        var builder = GraphBuilder(name: "rows")
        builder.input(
            "features", .float, shape: [1, view.gridHeight, view.gridWidth, view.channels])
        let planes = builder.node(
            "Transpose", ["features"], [("perm", .ints([0, 3, 1, 2]))])
        let rows = appendRows(&builder, view, features: planes, isSmoothed: true)
        builder.output(
            builder.node("Identity", [rows], output: "rows"), shape: [view.patches, view.channels])
        return try builder.model()
    }

    /// Input `rows` `[P, C]`; output `distances` `[P, 1]`.
    static func distances(_ whitening: Whitening, _ normal: NormalModel, _ view: FeatureView)
        throws(VisionError) -> Data
    {
        var builder = GraphBuilder(name: "distances")
        builder.input("rows", .float, shape: [view.patches, whitening.mean.count])
        let whitened = appendWhitened(&builder, whitening.leading(normal.channels), "rows")
        let distances = appendDistances(&builder, whitened, normal, in: view)
        builder.output(
            builder.node("Identity", [distances], output: "distances"), shape: [view.patches, 1])
        return try builder.model()
    }

    /// The whole detector: input `image` uint8 `[1, H, W, 3]`; outputs `score` `[1]`,
    /// `anomaly_map` `[1, 1, H, W]` and, with a classifier of L labels, `label_logits`
    /// `[1, L, H, W]`, above 0 where a pixel has the label.
    static func detector(
        _ view: FeatureView, _ head: DetectorHead, metadata: [(String, String)]
    ) throws(VisionError) -> Data {
        var builder = GraphBuilder(name: "spotter-detector")
        let image = appendImage(&builder, view)
        let features = appendFeatures(&builder, view, image)
        let rows = appendRows(&builder, view, features: features, isSmoothed: head.isSmoothed)
        let needsInputs = head.supervision != nil || head.classifier != nil
        let compared = head.normal.channels
        let whitened = appendWhitened(
            &builder, needsInputs ? head.whitening : head.whitening.leading(compared), rows)
        let leading =
            needsInputs && compared < head.whitening.outputs
            ? appendLeading(&builder, whitened, compared) : whitened
        let distances = appendDistances(&builder, leading, head.normal, head.border, in: view)
        var texture: String?
        if needsInputs || head.textureScore != nil, let bank = view.texture,
            let whitening = head.textureWhitening
        {
            let grid = appendTexture(&builder, bank, image)
            let rows = appendRowsOf(&builder, grid, channels: bank.taps[0].channels)
            texture = appendWhitened(&builder, whitening, rows)
        }
        var inputs: String?
        if needsInputs {
            inputs = appendClassifierInputs(&builder, whitened, distances, texture)
        }
        var score = appendPooling(&builder, view, distances, fraction: head.pooledFraction)
        var map = appendGrid(&builder, view, distances)
        if let join = head.textureScore, let texture {
            let found = appendDistances(&builder, texture, join.normal, join.border, in: view)
            let pooled = appendPooling(&builder, view, found, fraction: join.pooledFraction)
            score = appendJoined(&builder, score, pooled, join)
            map = appendJoined(&builder, map, appendGrid(&builder, view, found), join)
        }
        if let supervision = head.supervision, let inputs {
            let (taught, shown) = appendSupervision(&builder, view, supervision, inputs)
            score = builder.node("Mul", [score, taught])
            map = builder.node("Mul", [map, shown])
        }
        builder.output(
            builder.node("Identity", [score], output: scoreOutput), shape: [1])
        appendUpsampling(&builder, view, map, channels: 1, output: mapOutput)
        if let classifier = head.classifier, let inputs {
            appendClassifier(&builder, view, classifier, inputs)
        }
        return try builder.model(metadata: metadata)
    }

    /// The graph's input as `[1, 3, H, W]` in 0...1.
    private static func appendImage(_ builder: inout GraphBuilder, _ view: FeatureView) -> String {
        builder.input(imageInput, .uint8, shape: [1, view.input.height, view.input.width, 3])
        let floats = builder.node(
            "Cast", [imageInput], [("to", .int(ONNXTensor.ElementType.float.rawValue))])
        let planes = builder.node("Transpose", [floats], [("perm", .ints([0, 3, 1, 2]))])
        return builder.node("Mul", [planes, builder.scalar(1.0 / 255, "one_255th")])
    }

    private static func appendTexture(
        _ builder: inout GraphBuilder, _ bank: FilterBank, _ image: String
    ) -> String {
        builder.append(
            bank.graph.graph, prefix: "texture/", input: image, for: bank.graph.input,
            output: bank.taps[0].name)
    }

    static let backbonePrefix = "backbone/"

    private static func appendNormalised(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ image: String
    ) -> String {
        let normalisation = view.extractor.normalisation
        guard normalisation != .none else { return image }
        let mean = Tensor(shape: [1, 3, 1, 1], values: normalisation.mean)
        let factor = Tensor(
            shape: [1, 3, 1, 1], values: normalisation.deviation.map { 1 / $0 })
        let centred = builder.node("Sub", [image, builder.constant(mean, "colour_mean")])
        return builder.node("Mul", [centred, builder.constant(factor, "colour_factor")])
    }

    private static func appendFeatures(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ image: String
    ) -> String {
        let extractor = view.extractor
        let features = builder.append(
            extractor.graph.graph, prefix: backbonePrefix,
            input: appendNormalised(&builder, view, image), for: extractor.graph.input,
            output: view.tap.name)
        guard view.channels < view.tap.channels else { return features }
        // Few directions hold the distances of many (Johnson and Lindenstrauss, 1984).
        let kernel = Tensor(
            shape: [view.channels, view.tap.channels, 1, 1],
            values: RandomProjection.values(rows: view.channels, columns: view.tap.channels))
        return builder.node("Conv", [features, builder.constant(kernel, "projection")])
    }

    private static func appendRows(
        _ builder: inout GraphBuilder, _ view: FeatureView, features: String, isSmoothed: Bool
    ) -> String {
        let grid = isSmoothed ? appendMean(&builder, features, radius: 1) : features
        return appendRowsOf(&builder, grid, channels: view.channels)
    }

    /// `[1, C, h, w]` as `[h·w, C]`.
    static func appendRowsOf(
        _ builder: inout GraphBuilder, _ grid: String, channels: Int
    ) -> String {
        let last = builder.node("Transpose", [grid], [("perm", .ints([0, 2, 3, 1]))])
        return builder.node("Reshape", [last, builder.constant([-1, channels], "rows_shape")])
    }

    private static func appendWhitened(
        _ builder: inout GraphBuilder, _ whitening: Whitening, _ rows: String
    ) -> String {
        let mean = builder.constant(
            Tensor(shape: [1, whitening.mean.count], values: whitening.mean), "mean")
        let transform = builder.constant(
            Tensor(
                shape: [whitening.mean.count, whitening.outputs], values: whitening.transform),
            "transform")
        return builder.node("MatMul", [builder.node("Sub", [rows, mean]), transform])
    }

    /// The first `count` columns.
    private static func appendLeading(
        _ builder: inout GraphBuilder, _ whitened: String, _ count: Int
    ) -> String {
        builder.node(
            "Slice",
            [
                whitened, builder.constant([0], "leading_from"),
                builder.constant([count], "leading_to"), builder.constant([1], "leading_axis"),
            ])
    }

    /// Averages over squares of 2·radius + 1 cells with the edge cells repeated outwards.
    static func appendMean(
        _ builder: inout GraphBuilder, _ grid: String, radius: Int
    ) -> String {
        let pads = builder.constant([0, 0, radius, radius, 0, 0, radius, radius], "pads")
        let padded = builder.node("Pad", [grid, pads], [("mode", .string("edge"))])
        let side = 2 * radius + 1
        return builder.node(
            "AveragePool", [padded],
            [("kernel_shape", .ints([side, side])), ("strides", .ints([1, 1]))])
    }

    /// `[P, 1]` as `[1, 1, h, w]`.
    private static func appendGrid(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ values: String
    ) -> String {
        let shape = builder.constant([1, 1, view.gridHeight, view.gridWidth], "map_shape")
        return builder.node("Reshape", [values, shape])
    }

    static func appendUpsampling(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ grid: String, channels: Int,
        output: String
    ) {
        let shape = [1, channels, view.input.height, view.input.width]
        _ = builder.node(
            "Resize", [grid, "", "", builder.constant(shape, "full_size")],
            [
                ("mode", .string("linear")),
                ("coordinate_transformation_mode", .string("half_pixel")),
            ], output: output)
        builder.output(output, shape: shape)
    }

    /// `[P, D + 1 + T]`: whitened patches, the logarithms of their distances, whitened textures.
    private static func appendClassifierInputs(
        _ builder: inout GraphBuilder, _ whitened: String, _ distances: String, _ texture: String?
    ) -> String {
        let floor = builder.node(
            "Max", [distances, builder.scalar(PixelClassifier.distanceFloor, "floor")])
        let logarithm = builder.node("Log", [floor])
        return builder.node(
            "Concat", [whitened, logarithm] + (texture.map { [$0] } ?? []), [("axis", .int(1))])
    }

    /// What a classifier's opinion multiplies the score `[1]` and the map `[1, 1, h, w]` with: 1 or
    /// more.
    private static func appendSupervision(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ supervision: Supervision,
        _ inputs: String
    ) -> (score: String, map: String) {
        let weights = builder.constant(
            Tensor(shape: [supervision.weights.count, 1], values: supervision.weights),
            "taught_weights")
        let product = builder.node("MatMul", [inputs, weights])
        let opinion = builder.node(
            "Add", [product, builder.scalar(supervision.bias, "taught_bias")])
        let smooth = appendMean(&builder, appendGrid(&builder, view, opinion), radius: 1)
        func factor(_ value: String) -> String {
            let scaled = builder.node("Mul", [value, builder.scalar(supervision.scale, "scale")])
            let moved = builder.node(
                "Add", [scaled, builder.scalar(supervision.offset, "offset")])
            let clipped = builder.node(
                "Clip",
                [
                    moved, builder.scalar(0, "low"),
                    builder.scalar(Supervision.logFactorMax, "high"),
                ])
            return builder.node("Exp", [clipped])
        }
        let pooled = appendPooling(&builder, view, smooth, fraction: supervision.pooledFraction)
        return (factor(pooled), factor(smooth))
    }
}
