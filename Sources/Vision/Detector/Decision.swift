import Glibc

/// How a score becomes a verdict and a confidence.
///
/// The probability of an anomaly is 1 / (1 + (threshold / score)^slope): a logistic function of the
/// logarithm of the score that is ½ at the threshold, and may be less steep above it than below.
/// Normal images are alike and their scores lie close together; defects differ.
package struct Decision: Sendable, Codable, Equatable {
    /// Scores above it are anomalous.
    package var threshold: Double
    /// Steepness of the probability over the logarithm of the score, above 0; training finds 2 to
    /// 60.
    package var slope: Double
    /// The same for scores above the threshold; nil where it is `slope`, as in models of a version
    /// that knew one slope.
    package var slopeAbove: Double?

    /// Shares of new normal images that may be called anomalous. Less than one in 200 cannot be
    /// promised from the tens of normal images that a project has; with more than half of them a
    /// verdict says nothing.
    package static let falseAlarmRates = 0.005...0.5
    /// What places the threshold where nobody asked for a share and too few anomalies are labelled.
    static let falseAlarmRateDefault = 0.05
    /// What a threshold of the best F1 may cost: with more false alarms nobody looks at them.
    static let falseAlarmRateMax = 0.25

    package init(threshold: Double, slope: Double, slopeAbove: Double? = nil) {
        self.threshold = threshold
        self.slope = slope
        self.slopeAbove = slopeAbove
    }

    /// The verdict. A score that equals the threshold is normal.
    package func isAnomalous(_ score: Double) -> Bool { score > threshold }

    /// Probability of an anomaly, 0...1.
    package func probability(_ score: Double) -> Double {
        isAnomalous(score) ? confidence(score) : 1 - confidence(score)
    }

    /// Confidence in the verdict given for `score`, 0.5...1.
    package func confidence(_ score: Double) -> Double {
        let slope = isAnomalous(score) ? slopeAbove ?? slope : slope
        let logit = slope * (log(max(score, 1e-9)) - log(max(threshold, 1e-9)))
        return 1 / (1 + exp(-abs(logit)))
    }
}

/// Thresholds that differ from the trained one: for a call, a hosted model, a package, a device.
extension Decision {
    /// The same decision at another threshold.
    ///
    /// The probability depends on the ratio of score and threshold alone, so the whole curve moves
    /// with the threshold and its slopes stay.
    package func moved(to threshold: Double) -> Decision {
        Decision(threshold: threshold, slope: slope, slopeAbove: slopeAbove)
    }

    /// A threshold in text: a finite number above 0; nil otherwise.
    package static func threshold(_ text: some StringProtocol) -> Double? {
        Double(text).flatMap { isThreshold($0) ? $0 : nil }
    }

    /// Whether scores can be compared with `number`.
    package static func isThreshold(_ number: Double) -> Bool { number.isFinite && number > 0 }
}
