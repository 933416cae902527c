/// How far patches are from normal, and one score of many.
extension DetectorGraph {
    /// Rows whose distances to the bank are computed at once: 1 MB of them, which stays in a core's
    /// cache. More cost memory, and at 1024 rows a tenth more time.
    private static let rowsAtOnce = 128

    /// Distances `[P, 1]` of whitened rows.
    static func appendDistances(
        _ builder: inout GraphBuilder, _ whitened: String, _ normal: NormalModel,
        _ border: BorderScale = .none, in view: FeatureView
    ) -> String {
        let distances = appendUnscaled(&builder, whitened, normal, in: view)
        guard !border.bands.isEmpty else { return distances }
        let factors = Tensor(
            shape: [view.patches, 1],
            values: border.factors(width: view.gridWidth, height: view.gridHeight))
        return builder.node("Mul", [distances, builder.constant(factors, "border_factors")])
    }

    private static func appendUnscaled(
        _ builder: inout GraphBuilder, _ whitened: String, _ normal: NormalModel,
        in view: FeatureView
    ) -> String {
        switch normal {
        case .memoryBank(let bank, let places):
            guard let places else {
                return appendNearest(&builder, whitened, bank, patches: view.patches)
            }
            let own = BankPlaces(
                cells: Array(0..<view.patches), weight: places.weight, in: view)
            let constant = builder.constant(
                Tensor(shape: [view.patches, 2], values: own.rows.values), "places")
            let placed = builder.node("Concat", [whitened, constant], [("axis", .int(1))])
            return appendNearest(
                &builder, placed, bank.joined(with: places.rows), patches: view.patches)
        case .positions(let statistics):
            let shape = [statistics.mean.count, statistics.mean.width]
            let usual = builder.constant(
                Tensor(shape: shape, values: statistics.mean.values), "usual")
            let factor = builder.constant(
                Tensor(shape: shape, values: statistics.inverseDeviation.values), "spread")
            let scaled = builder.node(
                "Mul", [builder.node("Sub", [whitened, usual]), factor])
            let square = builder.node("Mul", [scaled, scaled])
            let mean = builder.node(
                "ReduceMean", [square], [("axes", .ints([1])), ("keepdims", .int(1))])
            return builder.node("Sqrt", [mean])
        }
    }

    /// The two scores, or maps, joined as `TextureScore` says.
    static func appendJoined(
        _ builder: inout GraphBuilder, _ own: String, _ texture: String, _ join: TextureScore
    ) -> String {
        func logarithm(_ value: String) -> String {
            let floor = builder.node(
                "Max", [value, builder.scalar(PixelClassifier.distanceFloor, "join_floor")])
            return builder.node("Log", [floor])
        }
        let ownPart = builder.node(
            "Mul", [logarithm(own), builder.scalar(1 - join.share, "own_share")])
        let texturePart = builder.node(
            "Mul", [logarithm(texture), builder.scalar(join.share * join.scale, "texture_share")])
        let sum = builder.node("Add", [ownPart, texturePart])
        let moved = builder.node(
            "Add", [sum, builder.scalar(join.share * join.offset, "join_offset")])
        return builder.node("Exp", [moved])
    }

    private static func appendNearest(
        _ builder: inout GraphBuilder, _ whitened: String, _ bank: Rows, patches: Int
    ) -> String {
        // −2 Bᵀ and |b|² are constants, so one product and one addition give all differences.
        var products = [Float](repeating: 0, count: bank.values.count)
        var norms = [Float](repeating: 0, count: bank.count)
        for (index, row) in (0..<bank.count).map({ ($0, bank[$0]) }) {
            for (dimension, value) in row.enumerated() {
                products[dimension * bank.count + index] = -2 * value
                norms[index] += value * value
            }
        }
        let negatedDoubles = builder.constant(
            Tensor(shape: [bank.width, bank.count], values: products), "bank")
        let squares = builder.constant(Tensor(shape: [1, bank.count], values: norms), "norms")
        var parts = [whitened]
        if patches > 2 * rowsAtOnce {
            let sizes = stride(from: 0, to: patches, by: rowsAtOnce).map {
                min(rowsAtOnce, patches - $0)
            }
            parts = builder.nodes(
                "Split", [whitened, builder.constant(sizes, "split")], [("axis", .int(0))],
                outputs: sizes.map { _ in builder.fresh("rows_part") })
        }
        let nearest = parts.map { part in
            let relative = builder.node(
                "Add", [builder.node("MatMul", [part, negatedDoubles]), squares])
            return builder.node(
                "ReduceMin", [relative], [("axes", .ints([1])), ("keepdims", .int(1))])
        }
        let all =
            nearest.count == 1
            ? nearest[0] : builder.node("Concat", nearest, [("axis", .int(0))])
        let square = builder.node("Mul", [whitened, whitened])
        let own = builder.node(
            "ReduceSum", [square, builder.constant([1], "axis")], [("keepdims", .int(1))])
        // Rounding can push a distance of zero below it.
        let clipped = builder.node(
            "Max", [builder.node("Add", [all, own]), builder.scalar(0, "zero")])
        return builder.node("Sqrt", [clipped])
    }

    /// The mean of the highest values of a map, `[1]`.
    static func appendPooling(
        _ builder: inout GraphBuilder, _ view: FeatureView, _ values: String, fraction: Double
    ) -> String {
        let count = Pooling.count(fraction: fraction, of: view.patches)
        let flat = builder.node("Reshape", [values, builder.constant([-1], "flat_shape")])
        let top = builder.nodes(
            "TopK", [flat, builder.constant([count], "pooled_count")],
            [("axis", .int(0)), ("largest", .int(1))],
            outputs: [builder.fresh("pooled_values"), builder.fresh("pooled_indices")])
        return builder.node(
            "ReduceMean", [top[0]], [("axes", .ints([0])), ("keepdims", .int(1))])
    }
}
