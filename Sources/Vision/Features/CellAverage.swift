extension FeatureView {
    /// The mean over squares of 2·radius + 1 cells, edge cells repeated outwards; one axis after
    /// the other.
    ///
    /// - Parameter values: `channels` numbers a cell, rows of cells from the top.
    func averaged(_ values: [Float], channels: Int, radius: Int) -> [Float] {
        func pass(_ source: [Float], alongX: Bool) -> [Float] {
            var out = [Float](repeating: 0, count: source.count)
            let share = 1 / Float(2 * radius + 1)
            source.withUnsafeBufferPointer { source in
                out.withUnsafeMutableBufferPointer { out in
                    for y in 0..<gridHeight {
                        for x in 0..<gridWidth {
                            let target = (y * gridWidth + x) * channels
                            for step in -radius...radius {
                                let nearX = min(max(x + (alongX ? step : 0), 0), gridWidth - 1)
                                let nearY = min(
                                    max(y + (alongX ? 0 : step), 0), gridHeight - 1)
                                let from = (nearY * gridWidth + nearX) * channels
                                for channel in 0..<channels {
                                    out[target + channel] += share * source[from + channel]
                                }
                            }
                        }
                    }
                }
            }
            return out
        }
        return pass(pass(values, alongX: true), alongX: false)
    }
}
