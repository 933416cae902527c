import FoundationEssentials
import TestSupport
import Testing

@testable import Vision

/// A part that is missing from an array leaves nothing that looks wrong by itself.
@Suite(.serialized, .ownThread) struct MissingPartTests {
    private static let (width, height) = (320, 240)
    private static let (columns, rows) = (6, 4)

    /// Parts with two legs each, slightly displaced, on a board whose colour varies.
    private static func board(isMissingOne: Bool, _ random: inout SeededRandom) -> RGBImage {
        func vary(_ value: Int, _ by: Int) -> UInt8 {
            UInt8(value + Int.random(in: -by...by, using: &random))
        }
        var image = RGBImage(
            width: width, height: height, color: RGB(vary(70, 5), vary(110, 5), vary(80, 5)))
        let missing =
            isMissingOne ? Int.random(in: 0..<(columns * rows), using: &random) : nil
        let shift = (
            Int.random(in: -3...3, using: &random), Int.random(in: -3...3, using: &random)
        )
        for part in 0..<(columns * rows) {
            let x = 30 + part % columns * 52 + shift.0 + Int.random(in: -1...1, using: &random)
            let y = 30 + part / columns * 60 + shift.1 + Int.random(in: -1...1, using: &random)
            let grey = vary(40, 6)
            guard part != missing else { continue }
            for row in (y - 7)...(y + 7) {
                for column in (x - 14)...(x + 14) {
                    let isLeg = abs(column - x) > 11
                    if isLeg && abs(row - y) > 3 { continue }
                    image[column, row] = isLeg ? RGB(190, 190, 190) : RGB(grey, grey, grey)
                }
            }
        }
        for index in image.pixels.indices {
            let noise = Int.random(in: -8...8, using: &random)
            image.pixels[index] = UInt8(clamping: Int(image.pixels[index]) + noise)
        }
        return image
    }

    private static func extractor() throws -> any FeatureExtractor {
        guard Checkout.hasPhotographsBackbone else { return try Checkout.backbone() }
        return try LearnedBackbone(
            identifier: "lite0", file: Checkout.photographsBackboneBytes())
    }

    @Test func aPartThatIsMissingFromAnArrayIsFoundByNormalImagesAlone() throws {
        var random = SeededRandom(seed: 31)
        func trainer(_ extractor: some FeatureExtractor) throws -> Trainer {
            try Trainer(
                runtime: Checkout.runtime.get(), extractor: extractor, labels: [], threads: 2,
                seed: 1)
        }
        let trainer = try trainer(Self.extractor())
        for index in 0..<12 {
            try trainer.add(
                TrainingSample(
                    name: "\(index)", image: Self.board(isMissingOne: false, &random),
                    isAnomalous: false, mask: nil))
        }
        let trained = try trainer.fit(progress: { _ in }, isCancelled: { false })
        let detector = try Detector(
            runtime: Checkout.runtime.get(),
            manifest: ModelManifest(
                modelArn: "arn", projectName: "p", modelVersion: "1", detector: trained,
                background: LabelClass(name: "background", color: "#FFFFFF")),
            model: Data(trained.model), threads: 2)
        var scores: (whole: [Double], incomplete: [Double]) = ([], [])
        for _ in 0..<10 {
            for isMissingOne in [false, true] {
                let image = Self.board(isMissingOne: isMissingOne, &random)
                let score = try detector.detect(image).score
                if isMissingOne {
                    scores.incomplete.append(score)
                } else {
                    scores.whole.append(score)
                }
            }
        }
        let area = try #require(
            Ranking.auroc(normal: scores.whole, anomalous: scores.incomplete))
        #expect(area >= 0.95, "\(area)")
    }
}
