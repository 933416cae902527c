import Glibc

extension Decision {
    private static let slopes = (2.0, 60.0)
    /// Between which quantile of the normal images and which multiple of their highest score a
    /// threshold may lie that few labelled anomalies support or none: drawn defects are not real
    /// ones, and fainter defects than the first few are still to come.
    private static let normalQuantileMin = 0.9
    private static let normalMultipleMax = 1.15
    /// Identical normal images have distance 0, which no score could be compared with by ratio.
    private static let thresholdMin = 1e-6

    /// Chooses the threshold without labelled anomalies, from out-of-fold scores of normal images
    /// and of the same with defects drawn onto them: where F1 between the two is best, but not far
    /// from the highest normal scores. The slope gives the median normal image a confidence of
    /// 0.95.
    init(normal: [Double], drawn: [Double]) {
        let best =
            drawn.isEmpty
            ? normal.max() ?? 1 : Ranking.bestThreshold(normal: normal, anomalous: drawn)
        let threshold = Self.nearNormal(best, normal)
        self.init(
            threshold: threshold, slope: Self.slope(normal: normal, threshold: threshold))
    }

    /// A threshold that is not far from the highest scores of normal images.
    private static func nearNormal(_ threshold: Double, _ normal: [Double]) -> Double {
        let sorted = normal.sorted()
        let highest = sorted.last ?? 1
        let position = normalQuantileMin * Double(max(0, sorted.count - 1))
        let (low, share) = (Int(position), position - position.rounded(.down))
        let next = min(low + 1, sorted.count - 1)
        let least = sorted.isEmpty ? 1 : sorted[low] + share * (sorted[next] - sorted[low])
        return max(thresholdMin, min(max(threshold, least), highest * normalMultipleMax))
    }

    /// Places the threshold by the false alarms that are wanted, from out-of-fold scores of normal
    /// images alone; labelled anomalies, where there are any, only shape the confidence.
    ///
    /// - Parameters:
    ///   - labelled: out-of-fold scores of labelled anomalies.
    ///   - falseAlarmRate: share of new normal images above the threshold, one of
    ///     `falseAlarmRates`.
    init(normal: [Double], labelled: [Double], falseAlarmRate: Double) {
        let threshold = max(
            Self.thresholdMin, NormalTail(scores: normal).score(exceededBy: falseAlarmRate))
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

    /// Chooses threshold and slope from out-of-fold scores: the threshold of the best F1; with so
    /// few anomalies that nothing is learned from them, one not far from the highest normal scores.
    init(normal: [Double], anomalous: [Double]) {
        let best = Ranking.bestThreshold(normal: normal, anomalous: anomalous)
        let threshold =
            anomalous.count < Search.taughtAnomaliesMin ? Self.nearNormal(best, normal) : best
        self.init(
            threshold: threshold,
            slope: Self.slope(normal: normal, anomalous: anomalous, threshold: threshold))
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
