import Glibc
import TestSupport
import Testing

@testable import Vision

/// The share of new normal images above the threshold is the one that was asked.
@Suite(.serialized, .ownThread) struct FalseAlarmTests {
    /// How scores of normal images may lie, in logarithms.
    enum Shape: String, CaseIterable {
        case normal
        case skewed
        case longTail
        case bounded

        func score(_ random: inout SeededRandom) -> Double {
            func uniform() -> Double { Double.random(in: 1e-12..<1, using: &random) }
            func gauss() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
            return switch self {
            case .normal: exp(2.5 + 0.2 * gauss())
            case .skewed: exp(2.5 - 0.1 * (log(uniform()) + log(uniform())))
            case .longTail: exp(2.5 - 0.15 * log(uniform()))
            case .bounded: exp(2.5 + 0.5 * uniform())
            }
        }
    }

    @Test(arguments: Shape.allCases, [20, 30, 60])
    func newNormalImagesExceedTheThresholdAsOftenAsAsked(shape: Shape, images: Int) {
        var random = SeededRandom(seed: 7)
        for rate in [0.01, 0.02, 0.05, 0.1] {
            var alarms = 0
            let (rounds, new) = (400, 50)
            for _ in 0..<rounds {
                let decision = Decision(
                    normal: (0..<images).map { _ in shape.score(&random) }, labelled: [],
                    falseAlarmRate: rate)
                for _ in 0..<new where decision.isAnomalous(shape.score(&random)) { alarms += 1 }
            }
            let share = Double(alarms) / Double(rounds * new)
            #expect(abs(share - rate) < max(0.025, 0.4 * rate), "\(rate) came out as \(share)")
        }
    }

    @Test func aThresholdRisesAsFewerFalseAlarmsAreWanted() {
        var random = SeededRandom(seed: 3)
        let normal = (0..<30).map { _ in Shape.normal.score(&random) }
        let labelled = normal.map { 1.5 * $0 }
        for anomalous in [[], labelled] {
            let rates = [0.5, 0.3, 0.26, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005]
            let decisions = rates.map {
                Decision(normal: normal, labelled: anomalous, falseAlarmRate: $0)
            }
            for (higher, lower) in zip(decisions.dropFirst(), decisions) {
                #expect(higher.threshold > lower.threshold)
                // No leap where the tail takes over from the quantile.
                #expect(higher.threshold < lower.threshold * 1.35)
            }
            #expect(decisions.allSatisfy { (2...60).contains($0.slope) })
        }
    }

    @Test func identicalAndVeryFewImagesStillGiveAThreshold() {
        let few: [[Double]] = [[], [0], [3], [0, 0, 0, 0, 0, 0], [2, 2, 2, 2], [1, 2, 3, 4]]
        for scores in few {
            let decision = Decision(normal: scores, labelled: [], falseAlarmRate: 0.02)
            #expect(Decision.isThreshold(decision.threshold))
            #expect(scores.allSatisfy { !decision.isAnomalous($0) })
        }
    }

    @Test func anomaliesShapeTheConfidenceAndNeverTheThreshold() {
        var random = SeededRandom(seed: 5)
        let normal = (0..<40).map { _ in Shape.normal.score(&random) }
        let thresholds = [[], [20.0, 30, 40], [5.0, 5, 5]].map {
            Decision(normal: normal, labelled: $0, falseAlarmRate: 0.02).threshold
        }
        #expect(Set(thresholds).count == 1)
    }

    @Test func aTrainingKeepsTheRateThatItWasAsked() throws {
        func training(_ rate: Double?) throws -> TrainedDetector {
            let trainer = try Trainer(
                runtime: Checkout.runtime.get(), extractor: FilterBank(), labels: [],
                threads: 1, seed: 1, falseAlarmRate: rate)
            var pictures = ProductPictures(seed: 11, width: 96, height: 96)
            for index in 0..<8 {
                try trainer.add(
                    TrainingSample(
                        name: "n\(index)", image: pictures.next().image, isAnomalous: false,
                        mask: nil))
            }
            return try trainer.fit(progress: { _ in }, isCancelled: { false })
        }
        let (few, many, none) = (try training(0.01), try training(0.2), try training(nil))
        #expect(few.summary.falseAlarmRate == 0.01 && many.summary.falseAlarmRate == 0.2)
        #expect(none.summary.falseAlarmRate == nil)
        #expect(few.decision.threshold > many.decision.threshold)
        #expect(few.model == many.model && few.model == none.model)
    }
}
