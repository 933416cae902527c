import Glibc

/// A direction and an offset: x · weights + bias is above 0 for the positive class.
struct LinearClassifier: Sendable {
    var weights: [Double]
    var bias: Double

    /// Logistic regression with both classes weighted alike, inputs standardised, and a quadratic
    /// penalty: Newton's method, whose steps conjugate gradients find. No matrix of all pairs of
    /// inputs is made, so that time grows with the number of inputs and not with its square.
    static func logistic(_ positive: Rows, _ negative: Rows, penalty: Double = 0.01)
        -> LinearClassifier
    {
        let width = positive.width
        guard positive.count > 0, negative.count > 0 else { return .never(width) }
        let rows = StandardRows(positive, negative)
        let targets =
            [Float](repeating: 1, count: positive.count)
            + [Float](repeating: 0, count: negative.count)
        let shares =
            [Float](repeating: 0.5 / Float(positive.count), count: positive.count)
            + [Float](repeating: 0.5 / Float(negative.count), count: negative.count)
        let penalties = rows.vector { $0 < width ? Float(penalty) : biasPenalty }
        var weights = rows.vector { _ in 0 }
        for _ in 0..<newtonStepsMax {
            let chances = rows.products(with: weights).map { 1 / (1 + expf(-$0)) }
            let errors = chances.indices.map { shares[$0] * (chances[$0] - targets[$0]) }
            let curvatures = chances.indices.map {
                shares[$0] * chances[$0] * (1 - chances[$0])
            }
            let gradient = rows.sums(errors).adding(penalties.times(weights))
            var step = solve(rows, curvatures, penalties, gradient)
            let length = step.dot(step).squareRoot()
            // Far from the optimum a full step can overshoot.
            if length > stepMax { step = step.scaled(Float(stepMax / length)) }
            weights = weights.adding(step, scaledBy: -1)
            if length < 1e-3 * (1 + weights.dot(weights).squareRoot()) { break }
        }
        let raw = (0..<width).map { Double(weights[$0]) / rows.deviation[$0] }
        let bias = Double(weights[width]) - zip(raw, rows.mean).reduce(0) { $0 + $1.0 * $1.1 }
        return LinearClassifier(weights: raw, bias: bias)
    }

    private static let newtonStepsMax = 12
    private static let stepMax = 10.0
    /// Keeps the bias' curvature above 0.
    private static let biasPenalty: Float = 1e-9
    /// A step of Newton's method need not be exact: the next one mends what is left.
    private static let residualShare = 0.1
    private static let gradientStepsMax = 50

    /// The x with (Xᵀ C X + penalties) x = `right`, up to a tenth of it.
    private static func solve(
        _ rows: StandardRows, _ curvatures: [Float], _ penalties: PackedVector,
        _ right: PackedVector
    ) -> PackedVector {
        var solution = right.scaled(0)
        var (residual, direction) = (right, right)
        var square = residual.dot(residual)
        let enough = residualShare * residualShare * square
        for _ in 0..<gradientStepsMax where square > enough {
            var products = rows.products(with: direction)
            for row in products.indices { products[row] *= curvatures[row] }
            let image = rows.sums(products).adding(penalties.times(direction))
            let length = Float(square / direction.dot(image))
            solution = solution.adding(direction, scaledBy: length)
            residual = residual.adding(image, scaledBy: -length)
            let next = residual.dot(residual)
            direction = residual.adding(direction, scaledBy: Float(next / square))
            square = next
        }
        return solution
    }

    private static func never(_ width: Int) -> LinearClassifier {
        LinearClassifier(weights: [Double](repeating: 0, count: width), bias: -1)
    }
}
