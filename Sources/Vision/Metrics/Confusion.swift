/// Hits and misses of a decision.
package struct Confusion: Sendable, Equatable {
    /// Anomalous and found.
    package var truePositives = 0
    /// Normal and taken for anomalous.
    package var falsePositives = 0
    /// Anomalous and missed.
    package var falseNegatives = 0
    /// Normal and left alone.
    package var trueNegatives = 0

    /// Nothing counted yet.
    package init() {}

    /// Counts scores above `threshold` as found, as `Decision.isAnomalous` does.
    package init(normal: [Double], anomalous: [Double], threshold: Double) {
        truePositives = anomalous.count { $0 > threshold }
        falseNegatives = anomalous.count - truePositives
        falsePositives = normal.count { $0 > threshold }
        trueNegatives = normal.count - falsePositives
    }

    /// Counts one image or pixel.
    package mutating func count(predicted: Bool, actual: Bool) {
        switch (predicted, actual) {
        case (true, true): truePositives += 1
        case (true, false): falsePositives += 1
        case (false, true): falseNegatives += 1
        case (false, false): trueNegatives += 1
        }
    }

    /// 0 when nothing was predicted.
    package var precision: Double { ratio(truePositives, truePositives + falsePositives) }
    /// 0 when there is nothing to find.
    package var recall: Double { ratio(truePositives, truePositives + falseNegatives) }
    /// Harmonic mean of precision and recall, 0...1; 0 when there is nothing to find.
    package var f1: Double {
        ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives)
    }
    /// Intersection over union.
    package var iou: Double {
        ratio(truePositives, truePositives + falsePositives + falseNegatives)
    }

    private func ratio(_ part: Int, _ whole: Int) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }
}
