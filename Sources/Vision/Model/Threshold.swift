/// Thresholds that differ from the trained one: for a call, a hosted model, a package, a device.
extension Decision {
    /// The same decision at another threshold.
    ///
    /// The probability depends on the ratio of score and threshold alone, so the whole curve moves
    /// with the threshold and its slope stays.
    package func moved(to threshold: Double) -> Decision {
        Decision(threshold: threshold, slope: slope)
    }

    /// A threshold in text: a finite number above 0; nil otherwise.
    package static func threshold(_ text: some StringProtocol) -> Double? {
        Double(text).flatMap { isThreshold($0) ? $0 : nil }
    }

    /// Whether scores can be compared with `number`.
    package static func isThreshold(_ number: Double) -> Bool { number.isFinite && number > 0 }
}

extension Detection {
    /// Probability of an anomaly that the model gives, 0...1; ½ at the threshold.
    package var probability: Double { isAnomalous ? confidence : 1 - confidence }
}
