/// What a pixel classifier sees of one image, a cell at a time: at the cells of the network's finer
/// grid where the view has one, else at those of the view.
struct MaskInputs {
    let shape: PixelClassifier.Shape
    let gridWidth: Int
    let gridHeight: Int
    private let coarse: Rows
    private let coarseWidth: Int
    private let coarseHeight: Int
    private let detail: Tensor?

    /// - Parameters:
    ///   - coarse: a row for each cell of the view, with surroundings if it sees them.
    ///   - detail: `[1, C, h, w]` of the finer grid.
    init(_ coarse: Rows, seesSurroundings: Bool, detail: Tensor?, in view: FeatureView) {
        self.coarse = coarse
        self.detail = detail
        (coarseWidth, coarseHeight) = (view.gridWidth, view.gridHeight)
        shape = PixelClassifier.Shape(
            inputs: seesSurroundings ? coarse.width / 2 : coarse.width,
            seesSurroundings: seesSurroundings, detailChannels: detail?.shape[1] ?? 0)
        gridWidth = detail?.shape[3] ?? view.gridWidth
        gridHeight = detail?.shape[2] ?? view.gridHeight
    }

    /// The inputs of some cells, a row each.
    func rows(_ cells: [Int]) -> Rows {
        guard let detail else { return coarse.picked(cells) }
        let columns = FloatMap.positions(from: coarseWidth, to: gridWidth)
        let lines = FloatMap.positions(from: coarseHeight, to: gridHeight)
        var values: [Float] = []
        values.reserveCapacity(cells.count * shape.width)
        for cell in cells {
            let (x, y) = (cell % gridWidth, cell / gridWidth)
            let (column, line) = (columns[x], lines[y])
            let corners = [
                coarse[line.low * coarseWidth + column.low],
                coarse[line.low * coarseWidth + column.high],
                coarse[line.high * coarseWidth + column.low],
                coarse[line.high * coarseWidth + column.high],
            ].map { Array($0) }
            for index in 0..<coarse.width {
                let upper = FloatMap.mix(corners[0][index], corners[1][index], column.share)
                let lower = FloatMap.mix(corners[2][index], corners[3][index], column.share)
                values.append(FloatMap.mix(upper, lower, line.share))
            }
            for channel in 0..<shape.detailChannels {
                for dy in -1...1 {
                    let start = start(of: y + dy, in: channel)
                    for dx in -1...1 {
                        values.append(detail.values[start + min(max(x + dx, 0), gridWidth - 1)])
                    }
                }
            }
        }
        return Rows(width: shape.width, values: values)
    }

    /// A label's logits at all cells, as the graph computes them, before the part of the highest is
    /// taken from them.
    ///
    /// - Parameter weights: of the label, in the order of a row.
    func logits(_ weights: [Float], bias: Float) -> FloatMap {
        var values = [Float](repeating: bias, count: coarse.count)
        coarse.values.withUnsafeBufferPointer { rows in
            for row in values.indices {
                for index in 0..<coarse.width {
                    values[row] += rows[row * coarse.width + index] * weights[index]
                }
            }
        }
        var map = FloatMap(width: coarseWidth, height: coarseHeight, values: values)
        guard let detail else { return map }
        map = map.resized(width: gridWidth, height: gridHeight)
        detail.values.withUnsafeBufferPointer { grid in
            for tap in 0..<shape.detailWidth {
                let (channel, dy, dx) = (tap / 9, tap % 9 / 3 - 1, tap % 3 - 1)
                let weight = weights[coarse.width + tap]
                for y in 0..<gridHeight {
                    let start = start(of: y + dy, in: channel)
                    for x in 0..<gridWidth {
                        map.values[y * gridWidth + x] +=
                            weight * grid[start + min(max(x + dx, 0), gridWidth - 1)]
                    }
                }
            }
        }
        return map
    }

    /// Where a line of the finer grid begins; lines beyond its edges are those at them.
    private func start(of line: Int, in channel: Int) -> Int {
        (channel * gridHeight + min(max(line, 0), gridHeight - 1)) * gridWidth
    }
}
