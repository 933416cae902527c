/// The part of a detector's graph that says which pixels show which label.
///
/// With i the inputs of `PixelClassifier` at the cells of the view, g the finer grid of the network
/// and u linear interpolation:
///
///     s = u(i · W) + K * g                  logits at the finer cells, K a 3×3 convolution
///     label_logits = u(s − max over the image of s / 4)
///
/// Weights come before interpolation, which is the same and costs next to nothing.
extension DetectorGraph {
    static func appendClassifier(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ classifier: PixelClassifier,
        _ inputs: String
    ) {
        let (labels, seen) = (classifier.labels.count, classifier.shape)
        var inputs = inputs
        if seen.seesSurroundings {
            let around = appendSurroundings(&builder, view, inputs, channels: seen.inputs)
            inputs = builder.node("Concat", [inputs, around], [("axis", .int(1))])
        }
        let weights = builder.constant(
            Tensor(
                shape: [seen.coarseWidth, labels],
                values: Array(classifier.weights.prefix(seen.coarseWidth * labels))),
            "label_weights")
        let bias = builder.constant(
            Tensor(shape: [1, labels], values: classifier.bias), "label_bias")
        let logits = builder.node("Add", [builder.node("MatMul", [inputs, weights]), bias])
        let shape = builder.constant(
            [1, view.gridHeight, view.gridWidth, labels], "logits_shape")
        let planes = builder.node(
            "Transpose", [builder.node("Reshape", [logits, shape])],
            [("perm", .ints([0, 3, 1, 2]))]
        )
        var shown = classifier.isSmoothed ? appendMean(&builder, planes, radius: 1) : planes
        if let detail = view.detail, seen.detailChannels == detail.channels {
            shown = appendDetail(&builder, view, detail, classifier, shown)
        }
        let highest = builder.node("ReduceMax", [shown], [("axes", .ints([2, 3]))])
        let taken = builder.node(
            "Mul", [highest, builder.scalar(PixelClassifier.peakShare, "peak_share")])
        appendUpsampling(
            &builder, view, builder.node("Sub", [shown, taken]), channels: labels,
            output: logitsOutput)
    }

    /// Logits `[1, L, h, w]` at the cells of the finer grid, with what 3×3 of these say.
    private static func appendDetail(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ detail: FeatureTap,
        _ classifier: PixelClassifier, _ coarse: String
    ) -> String {
        let labels = classifier.labels.count
        let shape = [
            1, labels, view.input.height / detail.stride, view.input.width / detail.stride,
        ]
        let finer = builder.node(
            "Resize", [coarse, "", "", builder.constant(shape, "detail_size")],
            [
                ("mode", .string("linear")),
                ("coordinate_transformation_mode", .string("half_pixel")),
            ])
        let pads = builder.constant([0, 0, 1, 1, 0, 0, 1, 1], "detail_pads")
        let padded = builder.node(
            "Pad", [backbonePrefix + detail.name, pads], [("mode", .string("edge"))])
        let taps = classifier.shape.detailWidth
        let kernel = (0..<(labels * taps)).map { place in
            classifier.weights[
                (classifier.shape.coarseWidth + place % taps) * labels + place / taps]
        }
        let said = builder.node(
            "Conv",
            [
                padded,
                builder.constant(
                    Tensor(shape: [labels, detail.channels, 3, 3], values: kernel),
                    "detail_kernel"),
            ], [("kernel_shape", .ints([3, 3]))])
        return builder.node("Add", [finer, said])
    }

    /// The mean of each row of `[P, C]` over the cells around.
    private static func appendSurroundings(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ rows: String, channels: Int
    ) -> String {
        let shape = builder.constant(
            [1, view.gridHeight, view.gridWidth, channels], "surroundings_shape")
        let planes = builder.node(
            "Transpose", [builder.node("Reshape", [rows, shape])], [("perm", .ints([0, 3, 1, 2]))])
        let mean = appendMean(&builder, planes, radius: PixelClassifier.contextRadius)
        return appendRowsOf(&builder, mean, channels: channels)
    }
}
