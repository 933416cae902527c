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
    package static let featureChannelsMax = 160
    /// Channels after whitening that distances are computed in, those of the largest variance: more
    /// cost time and rank no better. Classifiers see all.
    package static let distanceChannelsMax = 64
    /// Normal images that defects are drawn onto when there are no labelled anomalies.
    package static let drawnDefectsMax = 60
    /// Labels up to which training compares masks with surroundings and without:
    /// each label takes seconds every time.
    package static let comparedLabelsMax = 4
    /// Patches of each label that a pixel classifier learns from.
    package static let labelPatchesMax = 6_000
    /// Patches that the whitening is estimated from; the covariance is stable well below.
    package static let whiteningPatchesMax = 30_000
    /// Patches of a memory bank. Twice as many rank better by less than .003 and cost 5 ms an
    /// image.
    package static let bankPatchesMax = 2000
    /// Patches that the coreset is chosen among, for each patch chosen. With fewer it misses what
    /// is rare and normal: three cost up to .03 of the AUROC on ballscrew.
    package static let coresetCandidatesPerPatch = 8
    /// Patches of the background that a pixel classifier learns from.
    package static let backgroundPatchesMax = 10_000
    /// Labels of a project, as the guide of Lookout for Vision has it.
    package static let labelsMax = 100
    /// Bytes of a manifest line, the length of the API's DatasetEntry.
    package static let manifestLineBytesMax = 8192
    /// Nodes of a graph. Large transformers are exported as four thousand.
    package static let graphNodesMax = 16_384
    /// Fields and listed numbers of an ONNX file: some dozens for each node.
    package static let graphElementsMax = 2_000_000
    /// Bytes of one tensor of a graph. A transformer of a million pixels has attention of 1.4 GB.
    package static let graphTensorBytesMax = Double(2 << 30)
    /// Bytes of all tensors that a graph needs at the same time, beside its weights: two of those.
    package static let graphBytesMax = Double(4 << 30)
    /// Share of the machine's memory that these may have: the rest is for weights and all others.
    package static let graphMemoryShareMax = 0.75
    /// Multiplications and additions of one operator: a core does 10⁹ to 3 · 10¹⁰ of them a second,
    /// and only between operators a run can be ended. The largest convolution of a usual network on
    /// a million pixels has 1.5 · 10¹¹.
    package static let graphNodeWorkMax = 5e11
    /// Of a whole graph; a transformer of a million pixels has 1.3 · 10¹².
    package static let graphWorkMax = 5e12
    /// Seconds of one run: a line does not wait longer, and the largest networks on a million
    /// pixels take less on one core.
    package static let runSecondsMax = 60.0
    /// Of what is the same for every image, computed once at load, which nothing ends: weights in
    /// 16 bits are widened, and batch normalisations joined with what is before them.
    package static let graphConstantWorkMax = 1e10
    /// Bytes of these: the weights of the largest file in 32 bits.
    package static let graphConstantBytesMax = Double(1 << 30)
    /// Uncompressed bytes of one file of a model package.
    package static let packageFileBytesMax = 256 << 20
    /// Files of a model package; one has about six.
    package static let packageFilesMax = 64
    /// Uncompressed bytes of a whole package.
    package static let packageBytesMax = 512 << 20
    /// Bytes of a package's manifest and of its checksums.
    package static let packageTextBytesMax = 4 << 20
}
