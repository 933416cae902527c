import Glibc

extension Decision {
    private static let slopes = (2.0, 60.0)
    /// Identical normal images have distance 0, which no score could be compared with by ratio.
    private static let thresholdMin = 1e-6

    /// Chooses threshold and slope from out-of-fold scores.
    ///
    /// The threshold is the one of the best F1 where enough anomalies are labelled to learn from.
    /// Fewer do not say how faint the next will be, and drawn defects are not real ones: a
    /// threshold between them and normal images lets through what is less conspicuous than they
    /// are. It is then the one that `falseAlarmRateDefault` of new normal images exceed.
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
            threshold = Ranking.bestThreshold(normal: normal, anomalous: labelled)
        }
        self.init(
            threshold: threshold,
            slope: labelled.isEmpty
                ? Self.slope(normal: normal, threshold: threshold)
                : Self.slope(normal: normal, anomalous: labelled, threshold: threshold))
    }

    /// What gives the median normal image a confidence of 0.95.
    private static func slope(normal: [Double], threshold: Double) -> Double {
        let sorted = normal.sorted()
        let median = sorted.isEmpty ? 1 : sorted[sorted.count / 2]
        let gap = log(max(threshold, 1e-9)) - log(max(median, 1e-9))
        return min(max(log(19) / max(gap, 1e-6), slopes.0), slopes.1)
    }

    /// The slope of the highest likelihood, with both classes weighted alike and Platt's targets
    /// (n + 1) / (n + 2) in place of 1, so that a few well separated images do not pass for
    /// certainty.
    private static func slope(normal: [Double], anomalous: [Double], threshold: Double) -> Double {
        func loss(_ slope: Double) -> Double {
            let decision = Decision(threshold: threshold, slope: slope)
            func mean(_ scores: [Double], isAnomalous: Bool) -> Double {
                let target = Double(scores.count + 1) / Double(scores.count + 2)
                return scores.reduce(0) { sum, score in
                    let confidence = decision.confidence(score)
                    let isRight = decision.isAnomalous(score) == isAnomalous
                    let likely = max(isRight ? confidence : 1 - confidence, 1e-12)
                    return sum - target * log(likely) - (1 - target) * log(max(1 - likely, 1e-12))
                } / Double(max(1, scores.count))
            }
            return mean(normal, isAnomalous: false) + mean(anomalous, isAnomalous: true)
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
}
