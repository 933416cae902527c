import Glibc
import TestSupport
import Testing

@testable import Vision

@Suite struct NumericsTests {
    private func randomRows(_ count: Int, _ width: Int, seed: UInt64) -> Rows {
        var random = SeededRandom(seed: seed)
        return Rows(
            width: width,
            values: (0..<count * width).map { index in
                Float.random(in: -1...1, using: &random) * Float(index % width + 1)
            })
    }

    @Test func eigenvectorsRebuildTheMatrix() {
        let size = 12
        let rows = randomRows(40, size, seed: 3)
        var matrix = [Double](repeating: 0, count: size * size)
        for row in 0..<rows.count {
            let slice = Array(rows[row])
            for i in 0..<size {
                for j in 0..<size { matrix[i * size + j] += Double(slice[i] * slice[j]) }
            }
        }
        for i in 0..<size { for j in 0..<i { matrix[i * size + j] = matrix[j * size + i] } }
        let (values, vectors) = SymmetricEigen.decompose(matrix, size: size)
        for i in 0..<size {
            for j in 0..<size {
                let rebuilt = (0..<size).reduce(0) {
                    $0 + vectors[i * size + $1] * values[$1] * vectors[j * size + $1]
                }
                #expect(abs(rebuilt - matrix[i * size + j]) < 1e-6 * 1000)
            }
        }
    }

    @Test func fullWhiteningEvensOutTheVariance() throws {
        let rows = randomRows(5000, 8, seed: 5)
        let white = try Whitening.fit(rows, exponent: 1).apply(to: rows)
        for channel in 0..<8 {
            let values = (0..<white.count).map { Double(Array(white[$0])[channel]) }
            let mean = values.reduce(0, +) / 5000
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 5000
            #expect(abs(mean) < 0.01 && abs(variance - 1) < 0.02)
        }
    }

    @Test func featuresThatDoNotVaryAreRefused() {
        let flat = Rows(width: 4, values: [Float](repeating: 2, count: 400))
        #expect(throws: VisionError.self) { try Whitening.fit(flat, exponent: 0.5) }
    }

    @Test func aCoresetCoversBetterThanASample() {
        let rows = randomRows(800, 6, seed: 7)
        var random = SeededRandom(seed: 1)
        let coreset = Coreset.select(100, from: rows, using: &random)
        let sample = Sampling.rows(100, of: rows, using: &random)
        func radius(_ bank: Rows) -> Float {
            (0..<rows.count).map { row in
                (0..<bank.count).map { index in
                    zip(rows[row], bank[index]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                }.min() ?? 0
            }.max() ?? 0
        }
        #expect(coreset.count == 100)
        #expect(radius(coreset) < radius(sample) * 0.8)
    }

    /// Many inputs that say nearly the same, as 3×3 cells of a picture do.
    @Test func logisticRegressionEndsWhereNothingPullsAnyMore() {
        var random = SeededRandom(seed: 4)
        let width = 40
        func rows(_ count: Int, _ offset: Float) -> Rows {
            var rows = Rows(width: width)
            for _ in 0..<count {
                let common = Float.random(in: -1...1, using: &random) + offset
                for _ in 0..<width {
                    rows.values.append(common + Float.random(in: -0.3...0.3, using: &random))
                }
            }
            return rows
        }
        let (positive, negative) = (rows(300, 0.5), rows(500, -0.5))
        let fitted = LinearClassifier.logistic(positive, negative)
        let scale = StandardRows(positive, negative)
        var pull = fitted.weights.indices.map { 0.01 * fitted.weights[$0] * scale.deviation[$0] }
        for (rows, target) in [(positive, 1.0), (negative, 0.0)] {
            for row in 0..<rows.count {
                let logit = zip(rows[row], fitted.weights).reduce(fitted.bias) {
                    $0 + Double($1.0) * $1.1
                }
                let error = 0.5 / Double(rows.count) * (1 / (1 + exp(-logit)) - target)
                for (column, value) in rows[row].enumerated() {
                    pull[column] +=
                        error * (Double(value) - scale.mean[column]) / scale.deviation[column]
                }
            }
        }
        #expect(pull.allSatisfy { abs($0) < 1e-4 })
    }

    @Test func rankingFiguresHaveTheirTextbookValues() {
        #expect(Ranking.auroc(normal: [1, 2], anomalous: [3, 4]) == 1)
        #expect(Ranking.auroc(normal: [1, 3], anomalous: [2, 4]) == 0.75)
        #expect(Ranking.auroc(normal: [1, 1], anomalous: [1, 1]) == 0.5)
        #expect(Ranking.auroc(normal: [], anomalous: [1]) == nil)
        // Ranks: anomaly, normal, anomaly → (1/1 + 2/3) / 2.
        let precision = Ranking.averagePrecision(normal: [2], anomalous: [3, 1])
        #expect(abs((precision ?? 0) - 5.0 / 6) < 1e-12)
        let confusion = Confusion(normal: [1, 5], anomalous: [2, 6, 7], threshold: 4)
        #expect(confusion.precision == 2.0 / 3 && confusion.recall == 2.0 / 3)
        #expect(confusion.iou == 0.5)
        #expect(Confusion().f1 == 0)
    }

    @Test func theThresholdLiesBetweenTheClassesAndConfidenceGrowsAwayFromIt() {
        let decision = Decision(normal: [1, 1.1, 1.2, 1.3], labelled: [2, 2.5, 3, 3.5])
        #expect(decision.threshold > 1.3 && decision.threshold < 2)
        #expect(decision.isAnomalous(2) && !decision.isAnomalous(1.3))
        #expect(decision.confidence(decision.threshold) == 0.5)
        #expect(decision.confidence(3) > decision.confidence(2))
        #expect(decision.confidence(0) > decision.confidence(1.2))
    }

    @Test func glaringDefectsDoNotHideTheFainterOnesToCome() {
        let normal = (1...40).map { 1 + Double($0) / 40 }
        for labelled in [[], [40.0], [30, 40, 50], [0.5]] {
            let decision = Decision(normal: normal, labelled: labelled)
            #expect(decision.threshold > 1.9 && decision.threshold < 2.1)
            #expect(decision.confidence(1.5) > 0.5)
        }
        let many = Decision(normal: normal, labelled: [30, 40, 50, 60])
        #expect(many.threshold > 2.3 && many.threshold < 30)
    }

    @Test func theClassifierSeparatesWhatAPlaneSeparates() {
        let background = randomRows(400, 3, seed: 1)
        var positive = randomRows(60, 3, seed: 2)
        for row in 0..<60 { positive.values[row * 3 + 1] += 8 }
        let fitted = LinearClassifier.logistic(positive, background)
        func logit(_ row: ArraySlice<Float>) -> Double {
            zip(row, fitted.weights).reduce(fitted.bias) { $0 + Double($1.0) * $1.1 }
        }
        #expect((0..<60).allSatisfy { logit(positive[$0]) > 0 })
        #expect((0..<400).allSatisfy { logit(background[$0]) < 0 })
        let none = LinearClassifier.logistic(Rows(width: 3), background)
        #expect(none.bias < 0 && none.weights == [0, 0, 0])
    }

    @Test func theLeadingComponentsAreThoseOfTheLargestVariance() throws {
        var rows = randomRows(3000, 6, seed: 5)
        for row in 0..<3000 { rows.values[row * 6 + 4] = rows.values[row * 6 + 1] }
        let whitening = try Whitening.fit(rows, exponent: 0)
        let all = whitening.apply(to: rows)
        func variance(_ channel: Int) -> Float {
            (0..<all.count).reduce(0) {
                $0 + all.values[$1 * 6 + channel] * all.values[$1 * 6 + channel]
            }
        }
        #expect((1..<6).allSatisfy { variance($0) <= variance($0 - 1) * 1.0001 })
        let leading = whitening.leading(2).apply(to: rows)
        #expect(leading.width == 2 && Array(leading[7]) == Array(all[7].prefix(2)))
        #expect(whitening.leading(9) == whitening)
    }

    @Test func foldsThatHoldOutLabelsKeepEachLabelTogether() throws {
        #expect(Folds.byLabel([1, 1, nil]) == nil)
        #expect(Folds.byLabel([nil, nil]) == nil)
        let labels: [UInt8?] = [3, 1, 1, 2, nil, 3, 1, 5, 4, 2]
        let folds = try #require(Folds.byLabel(labels))
        #expect(folds.count == labels.count && folds.allSatisfy { (0..<Folds.count).contains($0) })
        for label in UInt8(1)...5 {
            #expect(Set(labels.indices.filter { labels[$0] == label }.map { folds[$0] }).count == 1)
        }
        #expect(Set([1, 3, 0].map { folds[$0] }).count == 3)
    }

    @Test func nearDuplicatesShareAFold() {
        var random = SeededRandom(seed: 4)
        var thumbnails: [[Float]] = []
        for _ in 0..<12 {
            let scene = (0..<48).map { _ in Float.random(in: 0...255, using: &random) }
            thumbnails.append(scene)
            thumbnails.append(scene.map { $0 + Float.random(in: -1...1, using: &random) })
        }
        let folds = Folds(thumbnails: thumbnails, seed: 9).assignment
        for pair in 0..<12 { #expect(folds[2 * pair] == folds[2 * pair + 1]) }
        for fold in 0..<Folds.count { #expect(folds.count { $0 == fold } == 6) }
        // Images of a product that always looks alike are no duplicates.
        let alike = Folds(
            thumbnails: (0..<20).map { [100 + Float($0) * 0.1] }, seed: 9
        ).assignment
        for fold in 0..<Folds.count { #expect(alike.count { $0 == fold } == 5) }
    }

    @Test func averagesOverCellsRepeatTheEdge() {
        let view = FeatureView(
            extractor: FilterBank(), tap: FeatureTap(name: "x", channels: 1, stride: 8),
            input: PixelSize(width: 24, height: 16))
        let mean = view.averaged([9, 0, 0, 0, 0, 0], channels: 1, radius: 1)
        #expect(mean.map { ($0 * 100).rounded() / 100 } == [4, 2, 0, 2, 1, 0])
    }
}
