import Testing

@testable import Vision

@Suite struct ThresholdTests {
    private let decision = Decision(threshold: 10, slope: 5)

    @Test func anotherThresholdMovesTheWholeCurve() {
        let moved = decision.moved(to: 20)
        #expect(moved.threshold == 20 && moved.slope == 5)
        for score in [1.0, 9, 10, 11, 40] {
            #expect(moved.isAnomalous(2 * score) == decision.isAnomalous(score))
            #expect(abs(moved.confidence(2 * score) - decision.confidence(score)) < 1e-12)
        }
        #expect(decision.moved(to: 10) == decision)
    }

    @Test func theProbabilityRisesThroughAHalfAtTheThreshold() {
        let probabilities = [5.0, 9.999, 10, 10.001, 20].map { score in
            Detection(
                score: score, threshold: 10, isAnomalous: decision.isAnomalous(score),
                confidence: decision.confidence(score),
                map: FloatMap(width: 1, height: 1, values: [0]), segmentation: nil
            ).probability
        }
        #expect(probabilities == probabilities.sorted())
        #expect(probabilities[2] == 0.5)
        #expect(probabilities[0] < 0.05 && probabilities[4] > 0.95)
    }

    @Test(arguments: ["12.5", "1e-3", "7"])
    func aNumberAboveZeroIsAThreshold(text: String) {
        #expect(Decision.threshold(text) == Double(text))
    }

    @Test(arguments: ["", "0", "-1", "nan", "inf", "1e999", "warm", "12,5", " 1"])
    func nothingElseIsAThreshold(text: String) {
        #expect(Decision.threshold(text) == nil)
    }
}
