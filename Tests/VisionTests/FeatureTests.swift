import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

@Suite struct FeatureTests {
    private struct Flexible: FeatureExtractor {
        let identifier = "flexible"
        let taps = [
            FeatureTap(name: "fine", channels: 8, stride: 4),
            FeatureTap(name: "coarse", channels: 8, stride: 8),
        ]
        let fixedInput: PixelSize? = nil
        let sideMultiple = 32
        let normalisation = ColorNormalisation.none
        let graph = FilterBank().graph
    }

    @Test func viewsKeepTheAspectAndNeverShowMoreThanTheImageHas() {
        let views = FeatureView.candidates(
            for: PixelSize(width: 1130, height: 460), Flexible())
        #expect(views.map(\.patches) == views.map(\.patches).sorted())
        for view in views {
            #expect(view.input.width % 32 == 0 && view.input.height % 32 == 0)
            let aspect = Double(view.input.width) / Double(view.input.height)
            #expect(abs(aspect / (1130.0 / 460) - 1) < 0.1)
            #expect(view.input.area <= VisionLimits.viewPixelsMax * 11 / 10)
        }
        #expect(views.contains { $0.input == PixelSize(width: 800, height: 320) })
        #expect(views.count { $0.tap.name == "fine" } == 1)
        let small = FeatureView.candidates(for: PixelSize(width: 64, height: 64), Flexible())
        #expect(Set(small.map(\.input)) == [PixelSize(width: 256, height: 256)])
        let huge = FeatureView.candidates(for: PixelSize(width: 4096, height: 64), Flexible())
        #expect(huge.allSatisfy { $0.input.height >= 64 })
    }

    @Test(arguments: [
        (PixelSize(width: 768, height: 576), 65_536), (PixelSize(width: 1130, height: 460), 65_536),
        (PixelSize(width: 1024, height: 1024), 262_144),
        (PixelSize(width: 1500, height: 1000), 262_144),
        (PixelSize(width: 4096, height: 4096), 262_144),
    ])
    func aLargePictureIsSeenLargerBeforeAnythingIsChosen(_ image: PixelSize, area: Int) throws {
        let views = FeatureView.candidates(for: image, FilterBank())
        let ordered = FeatureView.standardFirst(views, for: image)
        let standard = try #require(ordered.first)
        #expect(abs(Double(standard.input.area) / Double(area) - 1) < 0.25)
        #expect(ordered.count == views.count)
        #expect(Set(ordered.map(\.patches)) == Set(views.map(\.patches)))
        let cheap = FeatureView.standardFirst([views[0]], for: image)
        #expect(cheap.map(\.patches) == [views[0].patches], "of what a bound on latency left")
    }

    @Test func aBackboneOfOneSizeIsUsedAtThatSize() throws {
        let backbone = try LearnedBackbone(
            identifier: "d3", file: Checkout.bytes("share/spotter/backbone-d3.onnx"))
        let views = FeatureView.candidates(for: PixelSize(width: 800, height: 600), backbone)
        #expect(views.map(\.input) == [PixelSize(width: 256, height: 256)])
        #expect(views[0].gridWidth == 32 && views[0].channels == 64)
    }

    @Test func alternativesAreTriedAfterTheBackboneItself() throws {
        var backbone = try Checkout.backbone()
        let first = try LearnedBackbone(
            identifier: "d3", file: Checkout.bytes("share/spotter/backbone-d3.onnx"))
        backbone.alternatives = [first]
        let views = FeatureView.candidates(for: PixelSize(width: 300, height: 300), backbone)
        #expect(views.map(\.extractor.identifier).last == "d3")
        #expect(views.dropLast().allSatisfy { $0.extractor.identifier == backbone.identifier })
    }

    /// Amplitudes of the filter bank in the middle of a picture of stripes.
    private func amplitudes(_ color: (Int, Int) -> UInt8, stride: Int = 8) throws -> [Float] {
        let bank = try #require(FilterBank(stride: stride))
        let view = FeatureView(
            extractor: bank, tap: bank.taps[0], input: PixelSize(width: 64, height: 64))
        let session = try InferenceSession(
            runtime: Checkout.runtime.get(), model: DetectorGraph.features(view), threads: 1)
        let pixels = (0..<64 * 64).flatMap { place in
            [UInt8](repeating: color(place % 64, place / 64), count: 3)
        }
        let tensor = try session.run(
            [("image", .bytes(shape: [1, 64, 64, 3], values: pixels))], outputs: ["features"])[0]
        #expect(tensor.shape == [1, 64 / stride, 64 / stride, 39])
        let rows = Rows(width: 39, values: tensor.values)
        return Array(rows[rows.count / 2 + 32 / stride])
    }

    @Test func theFilterBankTellsDirectionsAndIgnoresFlatColour() throws {
        let flat = try amplitudes { _, _ in 128 }
        #expect(abs(flat[0] - 128.0 / 255) < 1e-3)
        #expect(flat[3...].allSatisfy { $0 < 0.01 })
        // Stripes of a period of six pixels, upright and lying: the first scale's first and third
        // direction of the luminance.
        let upright = try amplitudes { x, _ in x % 6 < 3 ? 200 : 50 }
        let lying = try amplitudes { _, y in y % 6 < 3 ? 200 : 50 }
        #expect(upright[3] > 5 * upright[5])
        #expect(lying[5] > 5 * lying[3])
        for stride in [4, 16] {
            #expect(try amplitudes({ x, _ in x % 6 < 3 ? 200 : 50 }, stride: stride)[3] > 0.1)
        }
        #expect(FilterBank(stride: 14) == nil)
    }

    @Test func drawnDefectsChangeASmallPartAndSayWhich() {
        var pictures = ProductPictures(seed: 6, width: 200, height: 150)
        var random = SeededRandom(seed: 8)
        var changed = 0
        for _ in 0..<40 {
            let picture = pictures.next().image
            let (image, mask) = SyntheticDefects.draw(on: picture, using: &random)
            #expect(image.width == 200 && image.height == 150 && mask.count == 200 * 150)
            let share = Double(mask.count { $0 == 1 }) / Double(mask.count)
            #expect(share < 0.5)
            if share > 0 { changed += 1 }
            for (place, byte) in image.pixels.enumerated() where mask[place / 3] == 0 {
                #expect(abs(Int(byte) - Int(picture.pixels[place])) <= 10)
            }
        }
        #expect(changed > 28)
    }
}
