import Glibc

extension Ranking {
    /// Where the area under the ROC curve lies with a confidence of 95 %, if the test images are a
    /// sample of those to come.
    package struct Interval: Sendable, Equatable {
        /// What the bounds were computed by.
        package enum Method: String, Sendable {
            /// DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988, on the scale of the logit,
            /// so that the bounds stay in 0...1.
            case delong
            /// Newcombe, Statistics in Medicine 25, 2006, method 5: for classes that are parted
            /// without an error or have one image, of which DeLong's variance is 0.
            case newcombe
        }

        /// 0...1.
        package let low: Double
        /// 0...1, at least `low`.
        package let high: Double
        package let method: Method
    }

    /// Quantile of the normal distribution for a two-sided confidence of 95 %.
    private static let deviations = 1.959_963_984_540_054

    /// The confidence interval of `auroc`; nil when a class is empty.
    package static func aurocInterval(normal: [Double], anomalous: [Double]) -> Interval? {
        guard let area = auroc(normal: normal, anomalous: anomalous) else { return nil }
        guard normal.count > 1, anomalous.count > 1, area > 0, area < 1 else {
            return newcombe(area, normal.count, anomalous.count)
        }
        let (sortedNormal, sortedAnomalous) = (normal.sorted(), anomalous.sorted())
        // How often each image is on the right side of those of the other class.
        let wins = anomalous.map { share(below: $0, in: sortedNormal) }
        let losses = normal.map { 1 - share(below: $0, in: sortedAnomalous) }
        let variance =
            sampleVariance(wins) / Double(anomalous.count)
            + sampleVariance(losses) / Double(normal.count)
        guard variance > 0 else { return newcombe(area, normal.count, anomalous.count) }
        let logit = log(area / (1 - area))
        let width = deviations * variance.squareRoot() / (area * (1 - area))
        func bound(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
        return Interval(low: bound(logit - width), high: bound(logit + width), method: .delong)
    }

    /// Share of `sorted` below `score`, ties at a half.
    private static func share(below score: Double, in sorted: [Double]) -> Double {
        let below = lowerBound(sorted, score)
        return (Double(below) + Double(upperBound(sorted, score) - below) / 2)
            / Double(sorted.count)
    }

    private static func sampleVariance(_ values: [Double]) -> Double {
        moments(values).variance * Double(values.count) / Double(values.count - 1)
    }

    /// The areas that differ from the one found by no more than their own deviations.
    private static func newcombe(_ area: Double, _ normal: Int, _ anomalous: Int) -> Interval {
        let extra = Double(normal + anomalous) / 2 - 1
        func isWithin(_ other: Double) -> Bool {
            let spread =
                other * (1 - other)
                * (1 + extra * (1 - other) / (2 - other) + extra * other / (1 + other))
                / Double(normal * anomalous)
            return abs(area - other) <= deviations * spread.squareRoot()
        }
        func bound(towards end: Double) -> Double {
            var (inside, outside) = (area, end)
            if isWithin(outside) { return outside }
            for _ in 0..<60 {
                let middle = (inside + outside) / 2
                if isWithin(middle) { inside = middle } else { outside = middle }
            }
            return inside
        }
        return Interval(low: bound(towards: 0), high: bound(towards: 1), method: .newcombe)
    }

    /// A corner of the ROC curve.
    package struct OperatingPoint: Sendable, Equatable {
        /// Share of the normal images above the threshold, 0...1.
        package let falseAlarmRate: Double
        /// Share of the anomalies above it, 0...1.
        package let recall: Double
    }

    /// The ROC curve from (0, 0) to (1, 1) by its corners, from the highest threshold to the
    /// lowest; equal scores make one step. Empty when a class is empty.
    package static func curve(normal: [Double], anomalous: [Double]) -> [OperatingPoint] {
        guard !normal.isEmpty, !anomalous.isEmpty else { return [] }
        let ordered = (normal.map { ($0, false) } + anomalous.map { ($0, true) })
            .sorted { $0.0 > $1.0 }
        var counts = [(alarms: 0, hits: 0)]
        var index = 0
        while index < ordered.count {
            let score = ordered[index].0
            var next = counts[counts.count - 1]
            while index < ordered.count, ordered[index].0 == score {
                if ordered[index].1 { next.hits += 1 } else { next.alarms += 1 }
                index += 1
            }
            // What lies on the line of the two before it is not a corner.
            if counts.count > 1 {
                let (last, before) = (counts[counts.count - 1], counts[counts.count - 2])
                let turn =
                    (last.alarms - before.alarms) * (next.hits - last.hits)
                    - (last.hits - before.hits) * (next.alarms - last.alarms)
                if turn == 0 { counts.removeLast() }
            }
            counts.append(next)
        }
        return counts.map {
            OperatingPoint(
                falseAlarmRate: Double($0.alarms) / Double(normal.count),
                recall: Double($0.hits) / Double(anomalous.count))
        }
    }
}
