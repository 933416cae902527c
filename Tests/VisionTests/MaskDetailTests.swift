import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

/// Outlines from a finer grid than that of the features.
@Suite struct MaskDetailTests {
    private static let label = LabelClass(name: "scratch", color: "#ff0000")

    /// Three convolutions: to cells of 4 pixels, wider, and to cells of 8.
    private func backbone(seesTexture: Bool = true) throws -> LearnedBackbone {
        var builder = GraphBuilder(name: "tiny")
        builder.input("image", .float, shape: [1, 3, 0, 0])
        func convolution(_ input: String, _ shape: [Int], _ output: String) -> String {
            let count = shape.reduce(1, *)
            let kernel = Tensor(
                shape: shape, values: (0..<count).map { Float(($0 * 29) % 23) / 40 - 0.25 })
            return builder.node(
                "Conv", [input, builder.constant(kernel, "kernel")],
                [("strides", .ints(Array(shape.suffix(2))))], output: output)
        }
        let fine = convolution("image", [5, 3, 4, 4], "fine")
        let wide = convolution(fine, [12, 5, 1, 1], "wide")
        builder.output(convolution(wide, [7, 12, 2, 2], "cells"), shape: [1, 7, 0, 0])
        var metadata = [("spotter.strides", "8"), ("spotter.multiple", "16")]
        if seesTexture { metadata.append(("spotter.texture", "own")) }
        return try LearnedBackbone(identifier: "tiny", file: builder.model(metadata: metadata))
    }

    @Test func theNarrowestGridOfHalfTheCellsIsFoundOnTheWayToTheFeatures() throws {
        #expect(try backbone().detail == FeatureTap(name: "fine", channels: 5, stride: 4))
        // Networks of ours and of others keep the outlines that they had.
        #expect(try backbone(seesTexture: false).detail == nil)
        guard Checkout.hasPhotographsBackbone else { return }
        let photographs = try LearnedBackbone(
            identifier: "lite0", file: Checkout.photographsBackboneBytes())
        #expect(
            photographs.detail == FeatureTap(name: "_blocks.2.sum", channels: 24, stride: 4))
    }

    /// Training places the cut on logits that it computes without the graph.
    @Test func theGraphsLogitsAreThoseOfTheTraining() throws {
        let view = FeatureView(
            extractor: try backbone(), tap: try #require(backbone().taps.first),
            input: PixelSize(width: 96, height: 64))
        let detail = try #require(view.detail)
        let runtime = try Checkout.runtime.get()
        var pictures = ProductPictures(seed: 5, width: 96, height: 64)
        let image = InputTensor.bytes(shape: [1, 64, 96, 3], values: pictures.next().image.pixels)
        func run(_ model: Data, _ output: String) throws -> Tensor {
            try InferenceSession(runtime: runtime, model: model, threads: 1)
                .run([("image", image)], outputs: [output])[0]
        }
        let rows = Rows(
            width: view.channels, values: try run(DetectorGraph.features(view), "features").values)
        let fine = try run(DetectorGraph.detail(view, detail), "detail")
        #expect(fine.shape == [1, 5, 16, 24])
        let whitening = try Whitening.fit(rows, exponent: 0.5)
        let whitened = whitening.apply(to: rows)
        // The distance has no weight below, so that it need not be known here.
        let coarse = whitened.joined(
            with: Rows(width: 1, values: [Float](repeating: 0, count: whitened.count)))
        let inputs = MaskInputs(coarse, seesSurroundings: false, detail: fine, in: view)
        var weights = (0..<inputs.shape.width).map { Float(($0 * 31) % 17) / 8 - 1 }
        weights[whitened.width] = 0
        let classifier = PixelClassifier(
            labels: [Self.label],
            shape: .init(inputs: coarse.width, seesSurroundings: false, detailChannels: 5),
            isSmoothed: false, weights: weights, bias: [0.3])
        let head = DetectorHead(
            isSmoothed: false, pooledFraction: 0.01, whitening: whitening,
            normal: .memoryBank(Rows(width: whitened.width, values: Array(whitened[3]))),
            border: .none, textureWhitening: nil, textureScore: nil, supervision: nil,
            classifier: classifier)
        let shown = try run(
            DetectorGraph.detector(view, head, metadata: []), DetectorGraph.logitsOutput)
        let grid = inputs.logits(weights, bias: 0.3)
        #expect((grid.width, grid.height) == (24, 16))
        let highest = try #require(grid.values.max())
        let full = grid.resized(width: 96, height: 64)
        for (found, own) in zip(shown.values, full.values) {
            #expect(abs(found - (own - highest * PixelClassifier.peakShare)) < 2e-3)
        }
        // And those of single cells are what their rows say.
        for cell in [0, 23, 100, 383] {
            let row = inputs.rows([cell])
            let sum = zip(row.values, weights).reduce(Float(0.3)) { $0 + $1.0 * $1.1 }
            #expect(abs(sum - grid.values[cell]) < 2e-3)
        }
    }
}
