/// Bounds of the vision part, each with its reason.
package enum VisionLimits {
    /// Pixels a side of an image, as the original's guide has them.
    package static let imageSidePixelsMin = 64
    package static let imageSidePixelsMax = 4096
    /// Pixels of a side in a model's manifest: the most that an owner may allow for images.
    package static let manifestSidePixelsMax = 16_384
    /// Bytes of an encoded image, as the original's guide has it.
    package static let imageBytesMax = 8 << 20
    /// Images whose whole features stay in memory for cross-validation, for each class:
    /// 400 × 32 × 32 × 64 floats are 105 MB. More images are sampled.
    package static let retainedImagesMax = 400
    /// Patches that the whitening is estimated from; the covariance is stable well below.
    package static let whiteningPatchesMax = 60_000
    /// Patches that the coreset is chosen among, for each patch chosen.
    package static let coresetCandidatesPerPatch = 8
    /// Patches of the background that a pixel classifier learns from.
    package static let backgroundPatchesMax = 40_000
    /// Labels of a project, as the original's guide has it.
    package static let labelsMax = 100
    /// Bytes of a manifest line, the length of the API's DatasetEntry.
    package static let manifestLineBytesMax = 8192
    /// Uncompressed bytes of one file of a model package.
    package static let packageFileBytesMax = 256 << 20
    /// Files of a model package; one has about six.
    package static let packageFilesMax = 64
    /// Uncompressed bytes of a whole package.
    package static let packageBytesMax = 512 << 20
    /// Bytes of a package's manifest and of its checksums.
    package static let packageTextBytesMax = 4 << 20
}
