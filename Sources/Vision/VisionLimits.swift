/// Bounds of the vision part, each with its reason.
package enum VisionLimits {
    /// Pixels of a side of an image, least and most, as the guide of Lookout for Vision has them.
    package static let imageSidePixelsMin = 64
    package static let imageSidePixelsMax = 4096
    /// Pixels of a side in a model's manifest: the most that an owner may allow for images.
    package static let manifestSidePixelsMax = 16_384
    /// Bytes of an encoded image, as the guide of Lookout for Vision has it.
    package static let imageBytesMax = 8 << 20
    /// Scans of a JPEG. Programs write one, or about ten in a progressive file; each costs a pass
    /// over all coefficients, so a small file with thousands of them would cost seconds.
    package static let jpegScansMax = 50
    /// Images that a model is fitted to, for each class. More images are sampled.
    package static let retainedImagesMax = 400
    /// Bytes of their pixels at the sizes of all views, both classes together.
    package static let retainedBytesMax = 500 << 20
    /// Bytes of what training holds of all images in one view: features as grids and as rows,
    /// textures, and what classifiers see.
    package static let featureBytesMax = 700 << 20
    /// Pixels of an image as a backbone sees it. More would take longer than a line waits.
    package static let viewPixelsMax = 1024 * 1024
    /// Channels of a backbone's output.
    package static let tapChannelsMax = 4096
    /// Pixels from cell to cell of a backbone's output, and what sides of images must be multiples
    /// of. Coarser cells would be larger than defects are.
    package static let tapStridePixelsMax = 256
    /// Channels that whitening is computed for; of more, a random projection is taken.
    package static let featureChannelsMax = 128
    /// Channels after whitening, those of the largest variance.
    package static let whitenedChannelsMax = 64
    /// Normal images that defects are drawn onto when there are no labelled anomalies.
    package static let drawnDefectsMax = 60
    /// Labels up to which training compares masks in several views, with surroundings and without:
    /// each label takes seconds every time.
    package static let comparedLabelsMax = 4
    /// Patches of each label that a pixel classifier learns from.
    package static let labelPatchesMax = 6_000
    /// Patches that the whitening is estimated from; the covariance is stable well below.
    package static let whiteningPatchesMax = 60_000
    /// Patches that the coreset is chosen among, for each patch chosen.
    package static let coresetCandidatesPerPatch = 8
    /// Patches of the background that a pixel classifier learns from.
    package static let backgroundPatchesMax = 10_000
    /// Labels of a project, as the guide of Lookout for Vision has it.
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
