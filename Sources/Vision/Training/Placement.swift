/// Whether products lie in the same place in every picture, measured on normal images.
///
/// Where they do, the patch of another image that looks most alike lies near the same place too;
/// where products lie anywhere, or surfaces have no places, it lies anywhere. Only places that mean
/// something help: where they mean nothing, a bank that knows them is a bank for each place, which
/// has seen too little. docs/decisions/0011 has the figures.
struct Placement: Sendable {
    /// What a displacement by the whole width or height counts as, in root mean squares of whitened
    /// patches, where products lie in the same place.
    static let weightMax = 6.0
    /// Up to here all of the weight is taken, as for products in a fixture (0.00 to 0.08).
    private static let displacementPlaced = 0.08
    /// From here on places are left out: shifted by up to a fifth of the picture or turned by any
    /// angle (0.27 to 0.44) products are ranked worse by any weight.
    private static let displacementThrown = 0.2
    /// Patches that look for their nearest, and patches that they choose among, of each fold: the
    /// measure moves by 0.02 with another sample, and takes a tenth of a second.
    private static let (queriesPerFold, bankPerFold) = (256, 2048)

    /// Median distance across the picture from patches to those that look most alike in images of
    /// other folds, divided by the root mean square of the distances to all. 0 is the same place,
    /// about 1 is chance; 1 where there are no images to compare.
    let displacement: Double

    /// Of the place beside the features, 0...`weightMax`.
    var weight: Double {
        let share =
            (Self.displacementThrown - displacement)
            / (Self.displacementThrown - Self.displacementPlaced)
        return Self.weightMax * min(max(share, 0), 1)
    }

    /// - Parameters:
    ///   - images: rows of normal images, a row a cell of the view.
    ///   - whitening: of the channels that distances are computed in.
    ///   - folds: of each image.
    init(
        _ images: [Rows], _ whitening: Whitening, folds: [Int], in view: FeatureView, seed: UInt64
    ) {
        var random = SeededRandom(seed: seed ^ 0x91ACE)
        var near: [Double] = []
        var chance = 0.0
        for fold in 0..<Folds.count {
            func sample(_ limit: Int, _ chosen: [Int]) -> (rows: Rows, cells: [Int]) {
                var (rows, cells) = (Rows(width: images[0].width), [Int]())
                for image in chosen {
                    let share = (limit + chosen.count - 1) / chosen.count
                    let taken = Sampling.indices(
                        share, below: images[image].count, using: &random)
                    for cell in taken { rows.append(images[image][cell]) }
                    cells += taken
                }
                return (rows, cells)
            }
            let queries = sample(Self.queriesPerFold, images.indices.filter { folds[$0] == fold })
            let bank = sample(Self.bankPerFold, images.indices.filter { folds[$0] != fold })
            guard !queries.cells.isEmpty, !bank.cells.isEmpty else { continue }
            var joined = queries.rows
            joined.values += bank.rows.values
            PackedRows(whitening.apply(to: joined)).withSquaredDistances { squaredDistance in
                for (query, cell) in queries.cells.enumerated() {
                    var nearest = (distance: Float.infinity, displacement: 0.0)
                    var sum = 0.0
                    for (index, other) in bank.cells.enumerated() {
                        let displacement = Self.displacement(cell, other, in: view)
                        sum += displacement
                        let distance = squaredDistance(query, queries.cells.count + index)
                        if distance < nearest.distance { nearest = (distance, displacement) }
                    }
                    near.append(nearest.displacement)
                    chance += sum / Double(bank.cells.count)
                }
            }
        }
        near.sort()
        displacement =
            chance > 0
            ? (near[near.count / 2] / (chance / Double(near.count))).squareRoot() : 1
    }

    /// Squared, in widths and heights of the view.
    private static func displacement(_ a: Int, _ b: Int, in view: FeatureView) -> Double {
        let across = Double(a % view.gridWidth - b % view.gridWidth) / Double(view.gridWidth)
        let down = Double(a / view.gridWidth - b / view.gridWidth) / Double(view.gridHeight)
        return across * across + down * down
    }
}
