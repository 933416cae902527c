/// Pixels by their logit, those of a label and the others.
struct LogitHistogram {
    private static let logitMax: Float = 250
    private static let binsPerUnit: Float = 32
    private static let offset = Int(logitMax * binsPerUnit)

    private var hits = [Int](repeating: 0, count: 2 * offset + 1)
    private var others = [Int](repeating: 0, count: 2 * offset + 1)

    var isEmpty: Bool { !hits.contains { $0 > 0 } }

    mutating func count(_ logit: Float, isLabel: Bool) {
        let clamped = min(max(logit, -Self.logitMax), Self.logitMax)
        let bin = Int((clamped * Self.binsPerUnit).rounded(.down)) + Self.offset
        if isLabel { hits[bin] += 1 } else { others[bin] += 1 }
    }

    /// - Parameter grid: logits before the part of the highest is taken from them.
    mutating func count(_ grid: FloatMap, of label: Int, in mask: LabelMask) {
        let taken = PixelClassifier.peakShare * (grid.values.max() ?? 0)
        let logits = grid.resized(width: mask.width, height: mask.height)
        for (logit, shown) in zip(logits.values, mask.indices) {
            count(logit - taken, isLabel: shown == label + 1)
        }
    }

    /// The lower edge of the bin above which intersection over union is best.
    func bestCut() -> (cut: Float, iou: Double) {
        let total = hits.reduce(0, +)
        var (found, predicted) = (0, 0)
        var best = (cut: Float(0), iou: 0.0)
        for bin in hits.indices.reversed() {
            found += hits[bin]
            predicted += hits[bin] + others[bin]
            let iou = Double(found) / Double(max(1, total + predicted - found))
            if iou > best.iou { best = (Float(bin - Self.offset) / Self.binsPerUnit, iou) }
        }
        return best
    }
}
