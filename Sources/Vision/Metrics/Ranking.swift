import Glibc

/// Figures about scores of normal and anomalous images; a higher score means more anomalous.
package enum Ranking {
    /// Area under the ROC curve, 0...1, by ranks with ties at a half (Mann and Whitney);
    /// nil when a class is empty.
    package static func auroc(normal: [Double], anomalous: [Double]) -> Double? {
        guard !normal.isEmpty, !anomalous.isEmpty else { return nil }
        let sorted = normal.sorted()
        let wins = anomalous.reduce(0.0) { sum, score in
            let below = lowerBound(sorted, score)
            let ties = upperBound(sorted, score) - below
            return sum + Double(below) + Double(ties) / 2
        }
        return wins / Double(normal.count * anomalous.count)
    }

    /// Average precision, 0...1: precision at each rank that adds recall, weighted by the recall
    /// added; equal scores form one rank. nil without anomalies.
    package static func averagePrecision(normal: [Double], anomalous: [Double]) -> Double? {
        guard !anomalous.isEmpty else { return nil }
        let scored = normal.map { ($0, false) } + anomalous.map { ($0, true) }
        let ordered = scored.sorted { $0.0 > $1.0 }
        var (hits, seen, sum) = (0, 0, 0.0)
        var index = 0
        while index < ordered.count {
            let score = ordered[index].0
            let before = hits
            while index < ordered.count, ordered[index].0 == score {
                seen += 1
                if ordered[index].1 { hits += 1 }
                index += 1
            }
            sum += Double(hits - before) / Double(anomalous.count) * Double(hits) / Double(seen)
        }
        return sum
    }

    /// The threshold with the highest expected F1, where each score stands for a normal
    /// distribution of its logarithm.
    ///
    /// The best F1 on the scores themselves hangs on one or two images and is found on a plateau;
    /// on simulated scores smoothing brought 0.005 to 0.01 of F1 on new images. Bandwidth:
    /// 1.06 min(σ, interquartile range / 1.34) n^(−1/5) for each class (Silverman, "Density
    /// Estimation", 1986, 3.28 to 3.31).
    static func bestThreshold(normal: [Double], anomalous: [Double]) -> Double {
        func smoothed(_ scores: [Double]) -> (logs: [Double], width: Double) {
            let logs = scores.map { log(max($0, 1e-9)) }
            let sorted = logs.sorted()
            let quarter = sorted.count / 4
            let range = sorted.isEmpty ? 0 : sorted[sorted.count - 1 - quarter] - sorted[quarter]
            let whole = moments(logs).variance.squareRoot()
            // One image far off must not blur all others.
            let deviation = range > 0 ? min(whole, range / 1.34) : whole
            return (logs, max(1e-4, 1.06 * deviation * pow(Double(max(1, logs.count)), -0.2)))
        }
        let (n, a) = (smoothed(normal), smoothed(anomalous))
        guard let low = (n.logs + a.logs).min(), let high = (n.logs + a.logs).max() else {
            return 1
        }
        func above(_ class: (logs: [Double], width: Double), _ cut: Double) -> Double {
            `class`.logs.reduce(0) {
                $0 + 0.5 * erfc((cut - $1) / (`class`.width * 2.squareRoot()))
            }
        }
        var best = (f1: -1.0, first: low, last: low)
        var isOnPlateau = false
        let steps = 400
        for step in 0...steps {
            let cut = low + (high - low) * Double(step) / Double(steps)
            let (hits, alarms) = (above(a, cut), above(n, cut))
            let f1 = 2 * hits / max(1e-12, hits + alarms + Double(anomalous.count))
            if f1 > best.f1 + 1e-6 {
                best = (f1, cut, cut)
                isOnPlateau = true
            } else if isOnPlateau, f1 > best.f1 - 1e-6 {
                best.last = cut
            } else {
                isOnPlateau = false
            }
        }
        return exp((best.first + best.last) / 2)
    }

    /// Distance of the means of the logarithms in pooled standard deviations: it
    /// separates candidates whose ranking is equally good.
    static func separation(normal: [Double], anomalous: [Double]) -> Double {
        let (n, a) = (
            moments(normal.map { log(max($0, 1e-9)) }),
            moments(anomalous.map { log(max($0, 1e-9)) })
        )
        return (a.mean - n.mean) / max(1e-9, ((n.variance + a.variance) / 2).squareRoot())
    }

    /// Distance of the means in pooled standard deviations.
    static func linearSeparation(normal: [Double], anomalous: [Double]) -> Double {
        let (n, a) = (moments(normal), moments(anomalous))
        return (a.mean - n.mean) / max(1e-9, ((n.variance + a.variance) / 2).squareRoot())
    }

    static func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, variance / Double(max(1, values.count)))
    }

    static func lowerBound(_ sorted: [Double], _ value: Double) -> Int {
        partition(sorted) { $0 >= value }
    }

    static func upperBound(_ sorted: [Double], _ value: Double) -> Int {
        partition(sorted) { $0 > value }
    }

    private static func partition(_ sorted: [Double], _ isAfter: (Double) -> Bool) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if isAfter(sorted[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

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
