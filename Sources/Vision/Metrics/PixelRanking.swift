/// The area under the ROC curve over all pixels of all images, in bounded memory.
///
/// Values are counted in bins of the upper bits of their representation: a bin is 0.05 % of its
/// values wide, whatever their scale, and values of one bin count as equal.
package struct PixelRanking: Sendable {
    private static let droppedBits = 12

    private var normal = [Int](repeating: 0, count: 1 << (31 - droppedBits))
    private var anomalous = [Int](repeating: 0, count: 1 << (31 - droppedBits))

    /// No pixels yet; takes 8 MiB.
    package init() {}

    /// - Parameters:
    ///   - map: of the image's size; negative values count as 0.
    ///   - mask: nil for an image without defects.
    package mutating func add(_ map: FloatMap, mask: LabelMask?) {
        for (pixel, value) in map.values.enumerated() {
            let bin = Int(max(value, 0).magnitude.bitPattern >> UInt32(Self.droppedBits))
            if let mask, mask.indices[pixel] != 0 {
                anomalous[bin] += 1
            } else {
                normal[bin] += 1
            }
        }
    }

    /// 0...1; nil while there are only pixels of one kind.
    package var auroc: Double? {
        let totals = (normal: normal.reduce(0, +), anomalous: anomalous.reduce(0, +))
        guard totals.normal > 0, totals.anomalous > 0 else { return nil }
        var (below, wins) = (0, 0.0)
        for (normal, anomalous) in zip(normal, anomalous) {
            wins += Double(anomalous) * (Double(below) + Double(normal) / 2)
            below += normal
        }
        return wins / Double(totals.normal) / Double(totals.anomalous)
    }
}
