import FoundationEssentials
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

    @Test func theSlopeAboveTheThresholdIsItsOwn() throws {
        let decision = Decision(threshold: 10, slope: 5, slopeAbove: 2)
        #expect(decision.confidence(5) == self.decision.confidence(5))
        #expect(abs(decision.confidence(20) - 0.8) < 1e-12)
        #expect(decision.confidence(10) == 0.5)
        let moved = decision.moved(to: 20)
        #expect(abs(moved.confidence(40) - 0.8) < 1e-12)
        let text = try JSONEncoder().encode(decision)
        #expect(try JSONDecoder().decode(Decision.self, from: text) == decision)
    }

    @Test func aDecisionOfOneSlopeReadsAndWritesAsBefore() throws {
        let text = Data(#"{"threshold":10,"slope":5}"#.utf8)
        #expect(try JSONDecoder().decode(Decision.self, from: text) == decision)
        #expect(
            !String(decoding: try JSONEncoder().encode(decision), as: UTF8.self)
                .contains("slopeAbove"))
    }

    /// Normal images lie close together and far below the threshold, and every fifth defect is
    /// faint: what is below is normal with near certainty, what is just above is not.
    @Test func confidenceFitsEachSideOfTheThreshold() {
        let normal = (0..<40).map { 5 + 0.02 * Double($0) }
        let labelled = (0..<20).map { $0 % 5 == 0 ? 10.5 : 14 + Double($0) }
        let decision = Decision(normal: normal, labelled: labelled)
        #expect(decision.slope > 1.5 * (decision.slopeAbove ?? decision.slope))
        #expect(decision.probability(normal[20]) < 0.03)
        #expect(labelled.allSatisfy { decision.probability($0) > 0.5 })
    }

    @Test func aSideWithoutItsOwnImagesTakesTheSlopeOfAll() {
        let normal = (0..<20).map { 5 + 0.1 * Double($0) }
        let decision = Decision(normal: normal, labelled: [5.5, 5.6])
        #expect(decision.slopeAbove.map { (2...60).contains($0) } == true)
        #expect(decision.probability(1000) < 1)
    }

    /// Where defects score as normal images do, the best F1 is that of calling all of them
    /// anomalous, and four of five normal images would raise an alarm.
    @Test func theBestF1RaisesNoMoreAlarmsThanPeopleLookAt() {
        let normal = (0..<40).map { 5 + 0.05 * Double($0) }
        let labelled = (0..<15).map { 5.1 + 0.13 * Double($0) }
        let best = Ranking.bestThreshold(normal: normal, anomalous: labelled)
        #expect(normal.count { $0 > best } > 20)
        let decision = Decision(normal: normal, labelled: labelled)
        #expect((5...12).contains(normal.count { decision.isAnomalous($0) }))
        // Where they differ, nothing is bounded.
        let apart = Decision(normal: normal, labelled: labelled.map { $0 + 3 })
        #expect(
            apart.threshold
                == Ranking.bestThreshold(normal: normal, anomalous: labelled.map { $0 + 3 }))
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
