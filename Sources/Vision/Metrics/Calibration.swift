/// Whether probabilities mean what they say.
package enum Calibration {
    private static let bins = 10

    /// Expected calibration error, 0...1: the distance between the mean probability and the share
    /// of anomalies, in ten bins of equal width, weighted by the images in each.
    ///
    /// - Parameter judged: for each image the probability of an anomaly that the model gave, 0...1,
    ///   and whether it is one.
    /// - Returns: nil without images.
    package static func expectedError(_ judged: [(probability: Double, isAnomalous: Bool)])
        -> Double?
    {
        guard !judged.isEmpty else { return nil }
        var (counts, sums, hits) = (
            [Int](repeating: 0, count: bins), [Double](repeating: 0, count: bins),
            [Int](repeating: 0, count: bins)
        )
        for (probability, isAnomalous) in judged {
            let bin = min(max(Int(probability * Double(bins)), 0), bins - 1)
            counts[bin] += 1
            sums[bin] += probability
            if isAnomalous { hits[bin] += 1 }
        }
        return (0..<bins).reduce(0.0) { $0 + abs(sums[$1] - Double(hits[$1])) }
            / Double(judged.count)
    }
}
