import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Vision

/// What lies at the edge of a picture: no alarm that its content does not raise, and every defect.
@Suite(.serialized, .ownThread) struct BorderTests {
    private static let side = 256

    private static func view(_ width: Int, _ height: Int) -> FeatureView {
        FeatureView(
            extractor: FilterBank(), tap: FeatureTap(name: "x", channels: 1, stride: 8),
            input: PixelSize(width: width, height: height))
    }

    @Test func cellsAtTheBorderAreScaledByWhatTheyHaveInCommon() {
        let view = Self.view(80, 64)
        // Twelve percent farther in the outermost cells, and one place inside that always varies.
        func image(_ seed: UInt64) -> [Float] {
            var random = SeededRandom(seed: seed)
            return (0..<80).map { cell in
                let (x, y) = (cell % 10, cell / 10)
                let value = Float.random(in: 1...2, using: &random)
                if x == 0 || y == 0 || x == 9 || y == 7 { return value * 1.2 }
                return value
            }
        }
        let scale = BorderScale(normal: (0..<60).map(image), in: view)
        #expect(scale.bands.count == 3)
        #expect(abs((scale.bands.first ?? 0) - 1.2) < 0.03)
        #expect(scale.bands.dropFirst().allSatisfy { $0 < 1.05 })
        let factors = scale.factors(width: 10, height: 8)
        #expect(abs(factors[0] - 1 / scale.bands[0]) < 1e-6)
        #expect(factors[4 * 10 + 5] == 1)
    }

    @Test func aBorderThatVariesLessThanTheMiddleIsLeftAsItIs() {
        let view = Self.view(80, 64)
        let images = (0..<20).map { _ in
            (0..<80).map { cell -> Float in cell % 10 > 2 && cell % 10 < 7 ? 2 : 1 }
        }
        #expect(BorderScale(normal: images, in: view) == .none)
        #expect(BorderScale(normal: [], in: view) == .none)
        #expect(BorderScale(normal: [[1, 2]], in: Self.view(16, 8)) == .none)
    }

    /// A surface without an end: no picture of it has a border that differs from its middle.
    private static func surface(_ random: inout SeededRandom) -> RGBImage {
        let (shift, turn) = (
            Float.random(in: 0...64, using: &random), Float.random(in: 0...64, using: &random)
        )
        var pixels: [UInt8] = []
        pixels.reserveCapacity(side * side * 3)
        for y in 0..<side {
            for x in 0..<side {
                let wave = 14 * sin((Float(x) + shift) * 0.21) * sin((Float(y) + turn) * 0.17)
                let grey = 128 + wave + Float.random(in: -14...14, using: &random)
                pixels += [UInt8](repeating: UInt8(grey), count: 3)
            }
        }
        return RGBImage(width: side, height: side, pixels: pixels)
    }

    /// A dark spot whose centre lies on the border of the picture.
    private static func spotted(_ surface: RGBImage, _ random: inout SeededRandom) -> RGBImage {
        var image = surface
        let along = Int.random(in: 12..<(side - 12), using: &random)
        let (x, y) = [(along, 0), (along, side - 1), (0, along), (side - 1, along)][
            Int.random(in: 0..<4, using: &random)]
        for row in 0..<side {
            for column in 0..<side
            where (row - y) * (row - y) + (column - x) * (column - x) < 81 {
                image[column, row] = RGB(60, 60, 60)
            }
        }
        return image
    }

    private static func extractors() throws -> [any FeatureExtractor] {
        var out: [any FeatureExtractor] = [try Checkout.backbone()]
        if Checkout.hasPhotographsBackbone {
            out.append(
                try LearnedBackbone(
                    identifier: "lite0", file: Checkout.photographsBackboneBytes()))
        }
        return out
    }

    @Test func surfacesRaiseNoAlarmAtTheirEdgeAndDefectsOnItAreFound() throws {
        for extractor in try Self.extractors() {
            var random = SeededRandom(seed: 21)
            func trainer(_ extractor: some FeatureExtractor) throws -> Trainer {
                try Trainer(
                    runtime: Checkout.runtime.get(), extractor: extractor, labels: [], threads: 2,
                    seed: 1)
            }
            let trainer = try trainer(extractor)
            for index in 0..<10 {
                try trainer.add(
                    TrainingSample(
                        name: "\(index)", image: Self.surface(&random), isAnomalous: false,
                        mask: nil))
            }
            let trained = try trainer.fit(progress: { _ in }, isCancelled: { false })
            let detector = try Detector(
                runtime: Checkout.runtime.get(),
                manifest: ModelManifest(
                    modelArn: "arn", projectName: "p", modelVersion: "1", detector: trained,
                    background: LabelClass(name: "background", color: "#FFFFFF")),
                model: Data(trained.model), threads: 2)
            var normal: [Double] = []
            var spotted: [Double] = []
            var (atBorder, inside) = (Float(0), Float(0))
            for _ in 0..<10 {
                let surface = Self.surface(&random)
                let detection = try detector.detect(surface)
                normal.append(detection.score)
                var peaks = (border: Float(0), inside: Float(0))
                for (pixel, value) in detection.map.values.enumerated() {
                    let (x, y) = (pixel % Self.side, pixel / Self.side)
                    if min(x, y, Self.side - 1 - x, Self.side - 1 - y) < 8 {
                        peaks.border = max(peaks.border, value)
                    } else {
                        peaks.inside = max(peaks.inside, value)
                    }
                }
                atBorder += peaks.border
                inside += peaks.inside
                spotted.append(try detector.detect(Self.spotted(surface, &random)).score)
            }
            #expect(
                atBorder < 1.1 * inside, "\(extractor.identifier): \(atBorder) and \(inside)")
            #expect(
                (Ranking.auroc(normal: normal, anomalous: spotted) ?? 0) > 0.95,
                "\(extractor.identifier)")
        }
    }
}
