/// A tensor of floats in row-major order.
package struct Tensor: Sendable, Equatable {
    /// Length of each axis, the outermost first; empty for a scalar.
    package let shape: [Int]
    /// As many as the product of `shape`.
    package let values: [Float]

    /// - Precondition: `values` has as many elements as `shape` says.
    package init(shape: [Int], values: [Float]) {
        precondition(shape.reduce(1, *) == values.count)
        self.shape = shape
        self.values = values
    }
}
