extension Ranking {
    /// Share of the anomalies above the score that `falseAlarmRate` of the normal ones are above: a
    /// quantile, interpolated between scores. nil when a class is empty.
    package static func recall(
        atFalseAlarmRate rate: Double, normal: [Double], anomalous: [Double]
    ) -> Double? {
        guard !normal.isEmpty, !anomalous.isEmpty else { return nil }
        let sorted = normal.sorted()
        let position = min(max(1 - rate, 0), 1) * Double(sorted.count - 1)
        let (low, share) = (Int(position), position - position.rounded(.down))
        let high = min(low + 1, sorted.count - 1)
        let threshold = sorted[low] + share * (sorted[high] - sorted[low])
        return Double(anomalous.count { $0 > threshold }) / Double(anomalous.count)
    }
}
