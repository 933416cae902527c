import ArgumentParser
import Vision

/// What the file of `--backbone` does not say about itself, or not rightly.
struct BackboneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Pixels from cell to cell of each output of the backbone, in place of the file's "
                + "spotter.strides.", valueName: "4,8"),
        transform: { try BackboneAnnotations.strides($0) })
    var backboneStrides: [Int]?

    @Option(
        help: ArgumentHelp(
            "Pixels that sides of images are multiples of, in place of spotter.multiple.",
            valueName: "32"),
        transform: { try BackboneAnnotations.multiple($0) })
    var backboneMultiple: Int?

    @Option(
        help: ArgumentHelp(
            "What is taken from colours in 0 to 1, in place of spotter.mean.", valueName: "r,g,b"),
        transform: { try BackboneAnnotations.mean($0) })
    var backboneMean: [Float]?

    @Option(
        help: ArgumentHelp(
            "What they are divided by then, in place of spotter.std.", valueName: "r,g,b"),
        transform: { try BackboneAnnotations.deviation($0) })
    var backboneStd: [Float]?

    var annotations: BackboneAnnotations {
        BackboneAnnotations(
            strides: backboneStrides, multiple: backboneMultiple, mean: backboneMean,
            deviation: backboneStd)
    }

    /// - Parameter isFile: whether `--backbone` names a file.
    func check(isFile: Bool) throws {
        guard isFile || annotations.isEmpty else {
            throw ValidationError(
                "--backbone-strides, --backbone-multiple, --backbone-mean and --backbone-std tell "
                    + "about the file of --backbone, which must be given with them.")
        }
    }
}
