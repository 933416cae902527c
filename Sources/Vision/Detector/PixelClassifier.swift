/// Tells for each patch which labels it shows: logistic regression for each label on what is known
/// of the patch (`CrossValidation.classifierInputs`) and, where that helps, on its mean over the
/// 9×9 cells around: what people outline is sometimes wider than what a single cell shows.
package struct PixelClassifier: Sendable, Equatable {
    /// Distances are not taken below this before their logarithm.
    static let distanceFloor: Float = 1e-3

    /// The L labels, in the order of the columns of `weights` and of the graph's label maps.
    package let labels: [LabelClass]
    /// Length of a patch's own input vector.
    package let inputs: Int
    /// Whether it looks at the mean over the cells around too.
    package let seesSurroundings: Bool
    /// Whether logits are averaged over 3×3 cells: it quietens textures, and blurs the outlines of
    /// defects that are a few cells wide.
    package let isSmoothed: Bool
    /// `[width, labels]`, row-major: a patch's own, then its surroundings'.
    package let weights: [Float]
    /// One value a label; a logit above 0 means the label is there.
    package var bias: [Float]

    /// Cells to each side of a patch that are its surroundings.
    static let contextRadius = 4

    /// A patch's own inputs and, if it sees them, its surroundings'.
    var width: Int { seesSurroundings ? 2 * inputs : inputs }
}
