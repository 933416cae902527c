import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Vision

/// EfficientNet-Lite0 as `scripts/convert-lite0` writes it, where set-up could fetch it.
@Suite(.enabled(if: Checkout.hasPhotographsBackbone))
struct PhotographsBackboneTests {
    private func features(_ width: Int, _ height: Int, _ pixel: (Int, Int, Int) -> Float) throws
        -> Tensor
    {
        var values = [Float](repeating: 0, count: 3 * width * height)
        for channel in 0..<3 {
            for y in 0..<height {
                for x in 0..<width {
                    values[(channel * height + y) * width + x] = pixel(channel, y, x)
                }
            }
        }
        let session = try InferenceSession(
            runtime: Checkout.runtime.get(), model: Checkout.photographsBackboneBytes(),
            threads: 1)
        return try session.run(
            [("image", .floats(Tensor(shape: [1, 3, height, width], values: values)))],
            outputs: ["cells8"])[0]
    }

    @Test func theConvertedNetworkGivesWhatTheConverterKnows() throws {
        let backbone = try LearnedBackbone(
            identifier: "lite0", file: Checkout.photographsBackboneBytes())
        #expect(backbone.taps == [FeatureTap(name: "cells8", channels: 152, stride: 8)])
        #expect(backbone.fixedInput == nil && backbone.sideMultiple == 32)
        #expect(backbone.normalisation.mean == [0.498, 0.498, 0.498])
        let tensor = try features(64, 64) { channel, y, x in
            switch channel {
            case 0: Float(sin(Double(y) / 5))
            case 1: Float(cos(Double(x) / 7))
            default: Float(sin(Double(y + x) / 9))
            }
        }
        #expect(tensor.shape == [1, 152, 8, 8])
        let known: [(Int, Float)] = [
            (0, -3.47435), (17, 4.28171), (39, 7.78729), (40, 4.96351), (95, 6.14144),
            (151, -0.94726),
        ]
        for (channel, mean) in known {
            let cells = tensor.values[(channel * 64)..<(channel * 64 + 64)]
            #expect(abs(cells.reduce(0, +) / 64 - mean) < 2e-3)
        }
    }

    @Test func aFlatPictureHasNoBorder() throws {
        let tensor = try features(96, 64) { channel, _, _ in [0.3, -0.2, 0.5][channel] }
        let cells = 12 * 8
        for channel in 0..<152 {
            let values = tensor.values[(channel * cells)..<((channel + 1) * cells)]
            let (least, most) = (values.min() ?? 0, values.max() ?? 1)
            #expect(most - least < 1e-3, "channel \(channel)")
        }
    }
}
