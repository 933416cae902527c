/// Whether probabilities mean what they say.
package enum Calibration {
    private static let binCount = 10

    /// The images to which the model gave a probability within one tenth.
    package struct Bin: Sendable, Equatable {
        /// Lower end of the tenth, 0...0.9.
        package let low: Double
        /// 0 in a tenth without images.
        package fileprivate(set) var images = 0
        fileprivate var sum = 0.0
        /// Images that are anomalies.
        package fileprivate(set) var anomalies = 0

        /// Mean of the probabilities given, 0...1; nil without images.
        package var probability: Double? { images == 0 ? nil : sum / Double(images) }
        /// Share of anomalies, 0...1; nil without images.
        package var share: Double? { images == 0 ? nil : Double(anomalies) / Double(images) }
    }

    /// The ten bins of equal width, in their order: the points of a reliability diagram.
    ///
    /// - Parameter judged: for each image the probability of an anomaly that the model gave, 0...1,
    ///   and whether it is one.
    package static func bins(_ judged: [(probability: Double, isAnomalous: Bool)]) -> [Bin] {
        var bins = (0..<binCount).map { Bin(low: Double($0) / Double(binCount)) }
        for (probability, isAnomalous) in judged {
            let bin = min(max(Int(probability * Double(binCount)), 0), binCount - 1)
            bins[bin].images += 1
            bins[bin].sum += probability
            if isAnomalous { bins[bin].anomalies += 1 }
        }
        return bins
    }

    /// Expected calibration error, 0...1: the distance between the mean probability and the share
    /// of anomalies, in `bins`, weighted by the images in each.
    ///
    /// - Parameter judged: as `bins` takes it.
    /// - Returns: nil without images.
    package static func expectedError(_ judged: [(probability: Double, isAnomalous: Bool)])
        -> Double?
    {
        guard !judged.isEmpty else { return nil }
        return bins(judged).reduce(0.0) { $0 + abs($1.sum - Double($1.anomalies)) }
            / Double(judged.count)
    }
}
