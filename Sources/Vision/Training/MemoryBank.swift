/// Fits a memory bank that knows where its patches were.
///
/// What is normal in one place need not be in another: between parts lies the board, and where a
/// part is missing lies the board too. So a patch is compared with the bank's by features and, if
/// products lie in the same place in every picture, by place too; see `Placement`.
struct MemoryBank {
    let view: FeatureView
    /// What a displacement by the whole width or height counts as, in root mean squares of whitened
    /// patches; 0 leaves places out.
    let placeWeight: Double

    /// - Parameters:
    ///   - whitened: patches to choose among.
    ///   - cells: of the grid, one for each.
    func fit(
        _ count: Int, from whitened: Rows, cells: [Int],
        using random: inout some RandomNumberGenerator
    ) -> NormalModel {
        guard placeWeight > 0 else {
            return .memoryBank(Coreset.select(count, from: whitened, using: &random))
        }
        let squares = whitened.values.reduce(0.0) { $0 + Double($1) * Double($1) }
        let size = (squares / Double(max(1, whitened.count))).squareRoot()
        let weight = Float(placeWeight * size)
        let places = BankPlaces(cells: cells, weight: weight, in: view)
        let chosen = Coreset.select(
            count, from: whitened.joined(with: places.rows), using: &random)
        let (features, kept) = chosen.split(at: whitened.width)
        return .memoryBank(features, places: BankPlaces(rows: kept, weight: weight))
    }
}
