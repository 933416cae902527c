import Glibc

/// How much farther from normal patches lie near the border of a picture than inside it, because
/// their networks saw less of the picture. Distances are divided by it, so that no edge raises an
/// alarm that its content does not.
///
/// Cells are in bands by their distance from the nearest border; all sides share one number a band:
/// scales of single places would learn the product's own variety, and hide its defects.
package struct BorderScale: Sendable, Equatable {
    /// Bands that have a scale of their own. Farther inside the border is not felt any more.
    static let bandsMax = 3
    /// What of the distances is compared: alarms come from the highest, and the very highest are
    /// single cells. Higher ones hide more defects at the border than they avoid alarms.
    private static let quantile = 0.98
    /// More would hide defects; measured on surfaces are 1.1 to 1.4.
    private static let scaleMax: Float = 2

    /// From the outermost cells inwards, 1 to 2. Empty where nothing is scaled.
    package let bands: [Float]

    package static let none = BorderScale(bands: [])

    private init(bands: [Float]) { self.bands = bands }

    /// - Parameter normal: distances of each normal image's cells, out of fold, rows from the top.
    init(normal: [[Float]], in view: FeatureView) {
        let places = (0..<view.patches).map { Self.band($0, view.gridWidth, view.gridHeight) }
        func level(_ isIn: (Int) -> Bool) -> Float? {
            let cells = places.indices.filter { isIn(places[$0]) }
            var values = normal.flatMap { image in cells.map { image[$0] } }
            guard !values.isEmpty else { return nil }
            values.sort()
            return values[Int(Self.quantile * Double(values.count - 1))]
        }
        guard let inside = level({ $0 >= Self.bandsMax }), inside > 0 else {
            bands = []
            return
        }
        let bands = (0..<Self.bandsMax).map { band in
            min(max((level { $0 == band } ?? inside) / inside, 1), Self.scaleMax)
        }
        self.bands = bands.allSatisfy { $0 == 1 } ? [] : bands
    }

    /// What the distance of each cell is multiplied with, rows from the top.
    func factors(width: Int, height: Int) -> [Float] {
        (0..<(width * height)).map { cell in
            let band = Self.band(cell, width, height)
            return band < bands.count ? 1 / bands[band] : 1
        }
    }

    /// Cells between a cell and the nearest border.
    private static func band(_ cell: Int, _ width: Int, _ height: Int) -> Int {
        let (x, y) = (cell % width, cell / width)
        return min(x, width - 1 - x, y, height - 1 - y)
    }
}
