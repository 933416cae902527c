/// What patches of normal images look like, whitened.
package enum NormalModel: Sendable, Equatable {
    /// The distance of a patch is the one to the nearest of these.
    ///
    /// - places: how far each lies to the right of the image's middle and below it, a share of the
    ///   width and of the height times a weight, which counts as two channels more; nil where what
    ///   is normal is normal everywhere, as in models of earlier versions.
    case memoryBank(Rows, places: BankPlaces? = nil)
    /// The distance of a patch is the one from what is usual at its place.
    case positions(PositionStatistics)
}

extension NormalModel {
    /// Channels that it compares: the leading ones of whitened patches.
    var channels: Int {
        switch self {
        case .memoryBank(let bank, _): bank.width
        case .positions(let statistics): statistics.mean.width
        }
    }
}

/// Where the patches of a memory bank were.
package struct BankPlaces: Sendable, Equatable {
    /// Two columns, a row for each patch of the bank, both weighted.
    package let rows: Rows
    /// What a displacement by the whole width, or height, counts as in units of the distance.
    package let weight: Float
}

extension BankPlaces {
    /// The places of cells of a view's grid.
    init(cells: [Int], weight: Float, in view: FeatureView) {
        var rows = Rows(width: 2)
        for cell in cells {
            let across = Float(cell % view.gridWidth) / Float(view.gridWidth) - 0.5
            let down = Float(cell / view.gridWidth) / Float(view.gridHeight) - 0.5
            rows.values.append(weight * across)
            rows.values.append(weight * down)
        }
        self.rows = rows
        self.weight = weight
    }
}

/// Mean and spread at each cell of the grid.
package struct PositionStatistics: Sendable, Equatable {
    /// A row a cell.
    package let mean: Rows
    /// 1 / standard deviation, a row a cell.
    package let inverseDeviation: Rows
}
