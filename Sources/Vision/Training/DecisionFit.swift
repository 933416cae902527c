import Glibc

extension Decision {
    private static let slopes = (2.0, 60.0)
    /// Identical normal images have distance 0, which no score could be compared with by ratio.
    private static let thresholdMin = 1e-6
    /// Of the median normal image where no anomalies are labelled: what made the training's
    /// anomalies of the given data sets likeliest under models that had not seen them.
    private static let medianConfidence = 0.99

    /// Chooses threshold and slopes from out-of-fold scores.
    ///
    /// The threshold is the one of the best F1 where enough anomalies are labelled to learn from.
    /// Fewer do not say how faint the next will be, and drawn defects are not real ones: a
    /// threshold between them and normal images lets through what is less conspicuous than they
    /// are. It is then the one that `falseAlarmRateDefault` of new normal images exceed.
    ///
    /// Where scores do not tell the classes apart, the best F1 calls every image anomalous. So the
    /// threshold is at least the one that `falseAlarmRateMax` of new normal images exceed.
    ///
    /// - Parameters:
    ///   - labelled: scores of labelled anomalies.
    ///   - falseAlarmRate: share of new normal images above the threshold, one of
    ///     `falseAlarmRates`, whatever the anomalies say; they only shape the confidence then.
    init(normal: [Double], labelled: [Double], falseAlarmRate: Double? = nil) {
        let isSupported = labelled.count >= Search.taughtAnomaliesMin
        let threshold: Double
        if let rate = falseAlarmRate ?? (isSupported ? nil : Self.falseAlarmRateDefault) {
            threshold = max(Self.thresholdMin, NormalTail(scores: normal).score(exceededBy: rate))
        } else {
            threshold = max(
                Ranking.bestThreshold(normal: normal, anomalous: labelled),
                NormalTail(scores: normal).score(exceededBy: Self.falseAlarmRateMax))
        }
        if labelled.isEmpty {
            self.init(
                threshold: threshold, slope: Self.slope(normal: normal, threshold: threshold))
        } else {
            let fit = SlopeFit(normal: normal, anomalous: labelled, threshold: threshold)
            self.init(
                threshold: threshold, slope: fit.slope(among: .below),
                slopeAbove: fit.slope(among: .above))
        }
    }

    /// What gives the median normal image a confidence of `medianConfidence`.
    private static func slope(normal: [Double], threshold: Double) -> Double {
        let sorted = normal.sorted()
        let median = sorted.isEmpty ? 1 : sorted[sorted.count / 2]
        let gap = log(max(threshold, 1e-9)) - log(max(median, 1e-9))
        let logit = log(medianConfidence / (1 - medianConfidence))
        return min(max(logit / max(gap, 1e-6), slopes.0), slopes.1)
    }

    /// The slopes of the highest likelihood, with both classes weighted alike, and with Jeffreys'
    /// targets (n + ½) / (n + 1) in place of 1, so that a few well separated images do not pass for
    /// certainty.
    private struct SlopeFit {
        enum Side {
            case below
            case above
            case both
        }

        let normal: [Double]
        let anomalous: [Double]
        let threshold: Double

        /// The scores of one side of the threshold, or all of them where none is on its right side:
        /// what missed anomalies say alone is that the model is never certain.
        func slope(among side: Side) -> Double {
            let (below, above) = (chosen(normal, .below), chosen(anomalous, .above))
            let isKnown = !(side == .below ? below : above).isEmpty
            return slope(side: isKnown ? side : .both)
        }

        private func slope(side: Side) -> Double {
            let (normal, anomalous) = (chosen(normal, side), chosen(anomalous, side))
            func loss(_ slope: Double) -> Double {
                mean(normal, of: self.normal.count, isAnomalous: false, slope)
                    + mean(anomalous, of: self.anomalous.count, isAnomalous: true, slope)
            }
            // The loss is convex in the slope, so golden-section search finds its minimum.
            var (low, high) = slopes
            let golden = (5.0.squareRoot() - 1) / 2
            for _ in 0..<60 {
                let (left, right) = (high - golden * (high - low), low + golden * (high - low))
                if loss(left) < loss(right) { high = right } else { low = left }
            }
            return (low + high) / 2
        }

        private func chosen(_ scores: [Double], _ side: Side) -> [Double] {
            switch side {
            case .below: scores.filter { $0 <= threshold }
            case .above: scores.filter { $0 > threshold }
            case .both: scores
            }
        }

        /// The loss of some of a class's `count` images, as a share of all of them.
        private func mean(_ scores: [Double], of count: Int, isAnomalous: Bool, _ slope: Double)
            -> Double
        {
            let target = (Double(count) + 0.5) / Double(count + 1)
            let decision = Decision(threshold: threshold, slope: slope)
            return scores.reduce(0) { sum, score in
                let confidence = decision.confidence(score)
                let isRight = decision.isAnomalous(score) == isAnomalous
                let likely = max(isRight ? confidence : 1 - confidence, 1e-12)
                return sum - target * log(likely) - (1 - target) * log(max(1 - likely, 1e-12))
            } / Double(max(1, count))
        }
    }
}
