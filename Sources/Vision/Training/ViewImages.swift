/// An image's features in one view.
struct ViewImage: Sendable {
    /// Features, a row for each cell of the view. They are most of what a training holds, so that
    /// there is one copy of them.
    let rows: Rows
    /// Rows of the filter bank's features.
    let texture: Rows?
    /// Of the view's size; shares its pixels with the retained image.
    let picture: RGBImage
    let mask: LabelMask?
    /// Patches of a normal image under another light; nil for an anomaly.
    var otherLight: OtherLight?
}

/// Some patches of a normal image as they would be under another light: a memory bank that has them
/// too does not take a dimmed lamp for a defect, nor what such light shows for rare.
struct OtherLight: Sendable {
    /// Factors of the brightness, taken in turn: what lamps lose and cameras vary by.
    static let factors: [Float] = [0.8, 1.2]
    /// Of an image's cells at most one in so many is kept.
    private static let cellsPerPatch = 4

    /// Feature rows and the cells of the grid that they are of.
    struct Patches: Sendable {
        let rows: Rows
        let cells: [Int]
    }

    private let plain: Rows
    /// Averaged over 3×3 cells.
    private let smoothed: Rows
    private let cells: [Int]

    func patches(isSmoothed: Bool) -> Patches {
        Patches(rows: isSmoothed ? smoothed : plain, cells: cells)
    }

    /// - Parameters:
    ///   - features: of the whole image, a row for each cell.
    ///   - images: the normal images of the training. What a memory bank draws of each when it
    ///     learns from all folds but one is kept, and no more.
    init(
        _ features: Rows, of images: Int, in view: FeatureView,
        using random: inout some RandomNumberGenerator
    ) {
        let (width, height, channels) = (view.gridWidth, view.gridHeight, view.channels)
        let drawn = VisionLimits.whiteningPatchesMax / max(1, images)
        let cells = Sampling.indices(
            max(1, min(view.patches / Self.cellsPerPatch, drawn)), below: view.patches,
            using: &random)
        var (plain, smoothed) = (Rows(width: channels), Rows(width: channels))
        plain.values.reserveCapacity(cells.count * channels)
        smoothed.values.reserveCapacity(cells.count * channels)
        features.values.withUnsafeBufferPointer { values in
            for cell in cells {
                let (x, y) = (cell % width, cell / width)
                let (left, right) = (max(x - 1, 0), min(x + 1, width - 1))
                let (top, bottom) = (max(y - 1, 0), min(y + 1, height - 1))
                for channel in 0..<channels {
                    plain.values.append(values[cell * channels + channel])
                    var sum: Float = 0
                    for row in [top, y, bottom] {
                        for column in [left, x, right] {
                            sum += values[(row * width + column) * channels + channel]
                        }
                    }
                    smoothed.values.append(sum / 9)
                }
            }
        }
        self.plain = plain
        self.smoothed = smoothed
        self.cells = cells
    }

    /// The picture under another light, whites clipped as a camera clips them.
    static func picture(_ image: RGBImage, factor: Float) -> RGBImage {
        let table = (0...255).map { UInt8(clamping: Int((Float($0) * factor).rounded())) }
        return RGBImage(
            width: image.width, height: image.height, pixels: image.pixels.map { table[Int($0)] })
    }
}

/// All images in one view.
struct ViewImages: Sendable {
    let normals: [ViewImage]
    let anomalies: [ViewImage]
    let normalFolds: [Int]
    /// The fold that an anomaly is held out in: judged by a model, and taught to classifiers,
    /// without it. What was drawn onto a normal image is in that image's fold.
    let anomalyFolds: [Int]
    /// The same with all anomalies of one label in one fold, so that what is judged is of a kind
    /// that nothing was taught; nil with fewer than two labels.
    let labelFolds: [Int]?
}
