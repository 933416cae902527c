/// What patches of normal images look like, whitened.
package enum NormalModel: Sendable, Equatable {
    /// The distance of a patch is the one to the nearest of these, wherever they were.
    case memoryBank(Rows)
    /// The distance of a patch is the one from what is usual at its place.
    case positions(PositionStatistics)
}

extension NormalModel {
    /// Channels that it compares: the leading ones of whitened patches.
    var channels: Int {
        switch self {
        case .memoryBank(let bank): bank.width
        case .positions(let statistics): statistics.mean.width
        }
    }
}

/// Mean and spread at each cell of the grid.
package struct PositionStatistics: Sendable, Equatable {
    /// A row a cell.
    package let mean: Rows
    /// 1 / standard deviation, a row a cell.
    package let inverseDeviation: Rows
}
