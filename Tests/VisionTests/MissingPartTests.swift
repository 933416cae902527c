import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Vision

/// A part that is missing from an array leaves nothing that looks wrong by itself.
@Suite(.serialized, .ownThread) struct MissingPartTests {
    private static let (width, height) = (320, 240)

    /// Parts with two legs each, slightly displaced, on a board whose colour varies.
    private struct Layout {
        let columns: Int
        let rows: Int
        /// Pixels from a part's middle to its ends and to its edges.
        let half: (width: Int, height: Int)

        static let small = Layout(columns: 6, rows: 4, half: (14, 7))
        /// So large that the board between them is as usual as the parts.
        static let large = Layout(columns: 3, rows: 2, half: (28, 16))
    }

    private static func board(
        _ layout: Layout, isMissingOne: Bool, _ random: inout SeededRandom
    ) -> RGBImage {
        func vary(_ value: Int, _ by: Int) -> UInt8 {
            UInt8(value + Int.random(in: -by...by, using: &random))
        }
        var image = RGBImage(
            width: width, height: height, color: RGB(vary(70, 5), vary(110, 5), vary(80, 5)))
        let parts = layout.columns * layout.rows
        let missing = isMissingOne ? Int.random(in: 0..<parts, using: &random) : nil
        let shift = (
            Int.random(in: -3...3, using: &random), Int.random(in: -3...3, using: &random)
        )
        let (across, down) = (260 / (layout.columns - 1), 180 / (layout.rows - 1))
        for part in 0..<parts {
            let x =
                30 + part % layout.columns * across + shift.0
                + Int.random(in: -1...1, using: &random)
            let y =
                30 + part / layout.columns * down + shift.1 + Int.random(in: -1...1, using: &random)
            let grey = vary(40, 6)
            guard part != missing else { continue }
            for row in max(0, y - layout.half.height)...min(height - 1, y + layout.half.height) {
                for column in max(0, x - layout.half.width)...min(width - 1, x + layout.half.width)
                {
                    let isLeg = abs(column - x) > layout.half.width - 3
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

    /// The picture turned by any angle and shifted by up to a fifth, mirrored beyond its edges.
    private static func thrown(_ image: RGBImage, _ random: inout SeededRandom) -> RGBImage {
        let angle = Double.random(in: 0..<(2 * .pi), using: &random)
        let shift = (
            Double.random(in: -0.2...0.2, using: &random) * Double(width),
            Double.random(in: -0.2...0.2, using: &random) * Double(height)
        )
        func mirrored(_ position: Double, _ size: Int) -> Int {
            let period = Int(position.rounded()) % (2 * size)
            let inside = period < 0 ? period + 2 * size : period
            return inside < size ? inside : 2 * size - 1 - inside
        }
        var out = image
        for y in 0..<height {
            for x in 0..<width {
                let (dx, dy) = (Double(x - width / 2), Double(y - height / 2))
                let across = dx * cos(angle) - dy * sin(angle) + Double(width / 2) + shift.0
                let down = dx * sin(angle) + dy * cos(angle) + Double(height / 2) + shift.1
                out[x, y] = image[mirrored(across, width), mirrored(down, height)]
            }
        }
        return out
    }

    private static func extractor() throws -> any FeatureExtractor {
        guard Checkout.hasPhotographsBackbone else { return try Checkout.backbone() }
        return try LearnedBackbone(
            identifier: "lite0", file: Checkout.photographsBackboneBytes())
    }

    /// A model of whole boards, normal images alone.
    private static func trained(_ boards: [RGBImage]) throws -> TrainedDetector {
        func trainer(_ extractor: some FeatureExtractor) throws -> Trainer {
            try Trainer(
                runtime: Checkout.runtime.get(), extractor: extractor, labels: [], threads: 2,
                seed: 1)
        }
        let trainer = try trainer(extractor())
        for (index, board) in boards.enumerated() {
            try trainer.add(
                TrainingSample(name: "\(index)", image: board, isAnomalous: false, mask: nil))
        }
        return try trainer.fit(progress: { _ in }, isCancelled: { false })
    }

    /// How well new boards with a missing part are ranked above whole ones, and the model.
    private static func ranking(_ layout: Layout) throws -> (auroc: Double, TrainedDetector) {
        var random = SeededRandom(seed: 31)
        let trained = try trained(
            (0..<12).map { _ in board(layout, isMissingOne: false, &random) })
        let detector = try Detector(
            runtime: Checkout.runtime.get(),
            manifest: ModelManifest(
                modelArn: "arn", projectName: "p", modelVersion: "1", detector: trained,
                background: LabelClass(name: "background", color: "#FFFFFF")),
            model: Data(trained.model), threads: 2)
        var scores: (whole: [Double], incomplete: [Double]) = ([], [])
        for _ in 0..<10 {
            let whole = board(layout, isMissingOne: false, &random)
            scores.whole.append(try detector.detect(whole).score)
            let incomplete = board(layout, isMissingOne: true, &random)
            scores.incomplete.append(try detector.detect(incomplete).score)
        }
        let area = try #require(
            Ranking.auroc(normal: scores.whole, anomalous: scores.incomplete))
        return (area, trained)
    }

    @Test func aPartThatIsMissingFromAnArrayIsFoundByNormalImagesAlone() throws {
        let (area, _) = try Self.ranking(.small)
        #expect(area >= 0.95, "\(area)")
    }

    /// What shows in place of a large part is normal elsewhere.
    @Test func aLargePartThatIsMissingIsFoundByItsPlace() throws {
        let (area, trained) = try Self.ranking(.large)
        #expect(area >= 0.95, "\(area)")
        #expect(trained.summary.chosen.placeWeight == Placement.weightMax)
    }

    @Test func productsThatLieAnywhereHaveNoPlaces() throws {
        var random = SeededRandom(seed: 32)
        let boards = (0..<12).map { _ in
            Self.thrown(Self.board(.large, isMissingOne: false, &random), &random)
        }
        #expect(try Self.trained(boards).summary.chosen.placeWeight == 0)
    }
}
