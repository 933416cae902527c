/// An image's features in one view.
struct ViewImage: Sendable {
    /// `[1, C, h, w]`.
    let features: Tensor
    /// Rows of the filter bank's features.
    let texture: Rows?
    let mask: LabelMask?
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
