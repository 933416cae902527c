/// Tells for each patch which labels it shows: logistic regression for each label on what is known
/// of the patch (`ClassifierReader`) and, where that helps, on its mean over the
/// 9×9 cells around: what people outline is sometimes wider than what a single cell shows.
package struct PixelClassifier: Sendable, Equatable {
    /// Distances are not taken below this before their logarithm.
    static let distanceFloor: Float = 1e-3

    /// The L labels, in the order of the columns of `weights` and of the graph's label maps.
    package let labels: [LabelClass]
    /// What it looks at.
    let shape: Shape
    /// Whether logits are averaged over 3×3 cells: it quietens textures, and blurs the outlines of
    /// defects that are a few cells wide.
    package var isSmoothed: Bool
    /// `[shape.width, labels]`, row-major.
    package let weights: [Float]
    /// One value a label; a logit above 0 means the label is there.
    package var bias: [Float]

    /// Part of the highest logit of the image that is taken from every logit: a defect ends where
    /// it is weak beside its own middle, and a faint one is weak everywhere. 0, ¼, ½ and ¾ were
    /// compared out of fold (docs/decisions/0011).
    static let peakShare: Float = 0.25

    /// Cells to each side of a patch that are its surroundings.
    static let contextRadius = 4

    /// The inputs of a cell: a patch's own, then its surroundings', then for each channel of the
    /// finer grid those of 3×3 cells.
    struct Shape: Sendable, Equatable {
        /// Length of a patch's own input vector.
        let inputs: Int
        /// Whether the mean over the cells around is seen too.
        let seesSurroundings: Bool
        /// Channels of the finer grid; 0 without one.
        let detailChannels: Int

        /// Those of the inputs that come from the view's own grid.
        var coarseWidth: Int { seesSurroundings ? 2 * inputs : inputs }
        /// Those that come from the finer grid.
        var detailWidth: Int { 9 * detailChannels }
        /// All inputs.
        var width: Int { coarseWidth + detailWidth }
    }
}
