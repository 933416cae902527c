package import Vision

/// What models are built on, as `--backbone` says.
package enum BackboneChoice: Sendable {
    /// EfficientNet-Lite0 where `scripts/setup` fetched it, else Spotter's own.
    case standard
    /// The backbones that come with Spotter, whose weights no photograph taught.
    case own
    /// Another network.
    case file(BackboneFile)

    /// What the option calls `own`; a file of that name is given as `./own`.
    package static let ownName = "own"

    /// - Parameters:
    ///   - option: the value of `--backbone`; nil where it is not given.
    ///   - annotations: of the options beside it; only a file has them.
    package init(_ option: String?, annotations: BackboneAnnotations) {
        self =
            switch option {
            case nil: .standard
            case .some(Self.ownName): .own
            case .some(let path): .file(BackboneFile(path: path, annotations: annotations))
            }
    }
}
