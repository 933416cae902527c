import Testing

@testable import Vision

/// How sure an area under the ROC curve is, and the curve itself.
@Suite struct RankingIntervalTests {
    private let normal = [1, 2, 3, 4, 5, 6, 7, 8.5]
    private let anomalous = [4, 6.5, 7, 8, 9, 10]

    /// By the definition, with a loop over all pairs, in another program.
    @Test func deLongsIntervalIsThatOfTheDefinition() throws {
        let interval = try #require(
            Ranking.aurocInterval(normal: normal, anomalous: anomalous))
        #expect(interval.method == .delong)
        #expect(abs(interval.low - 0.480_335_909_314) < 1e-9)
        #expect(abs(interval.high - 0.953_085_199_102) < 1e-9)
    }

    /// DeLong's variance is 0 there, as if ten images proved everything.
    @Test func classesThatArePartedWithoutAnErrorAreNotSure() throws {
        let low = (0..<10).map(Double.init)
        let interval = try #require(
            Ranking.aurocInterval(normal: low, anomalous: low.map { $0 + 100 }))
        #expect(interval.method == .newcombe && interval.high == 1)
        #expect(abs(interval.low - 0.800_213_612_881) < 1e-9)
        let one = try #require(Ranking.aurocInterval(normal: low, anomalous: [4.5]))
        #expect(one.method == .newcombe && one.low < 0.5 && one.high > 0.5)
        #expect(Ranking.aurocInterval(normal: low, anomalous: []) == nil)
    }

    @Test(arguments: [1 as UInt64, 2, 3, 4])
    func theAreaBelowTheCurveIsTheArea(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        // Few values, so that many are equal.
        let normal = (0..<60).map { _ in Double(Int.random(in: 0..<12, using: &random)) }
        let anomalous = (0..<40).map { _ in Double(Int.random(in: 4..<16, using: &random)) }
        let curve = Ranking.curve(normal: normal, anomalous: anomalous)
        #expect(curve.first == .init(falseAlarmRate: 0, recall: 0))
        #expect(curve.last == .init(falseAlarmRate: 1, recall: 1))
        let area = zip(curve, curve.dropFirst()).reduce(0.0) { sum, pair in
            sum + (pair.1.falseAlarmRate - pair.0.falseAlarmRate)
                * (pair.0.recall + pair.1.recall) / 2
        }
        let auroc = try #require(Ranking.auroc(normal: normal, anomalous: anomalous))
        #expect(abs(area - auroc) < 1e-12)
    }

    @Test func theBinsOfTheReliabilityDiagramMakeTheCalibrationError() throws {
        let judged = [(0.05, false), (0.08, true), (0.55, true), (0.52, false), (1.0, true)]
            .map { (probability: $0.0, isAnomalous: $0.1) }
        let bins = Calibration.bins(judged)
        #expect(bins.map(\.images) == [2, 0, 0, 0, 0, 2, 0, 0, 0, 1])
        #expect(bins[0].share == 0.5 && bins[1].share == nil && bins[9].probability == 1)
        let sum = bins.reduce(0.0) { sum, bin in
            guard let probability = bin.probability, let share = bin.share else { return sum }
            return sum + abs(probability - share) * Double(bin.images) / 5
        }
        #expect(abs(try #require(Calibration.expectedError(judged)) - sum) < 1e-12)
    }
}
