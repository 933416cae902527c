package import FoundationEssentials

/// A network in an ONNX file whose weights were learned elsewhere.
///
/// The file has one float input `[1, 3, H, W]` and one or more float outputs `[1, C, h, w]`. With
/// symbolic H and W it takes any size whose sides are multiples of `spotter.multiple`; the strides
/// of its outputs then come from its metadata. Metadata (all optional but for the strides):
///
///     spotter.strides   "4,8"                   pixels from cell to cell, one for each output
///     spotter.multiple  "32"                    default: the least that all strides divide
///     spotter.mean      "0.485,0.456,0.406"     taken from colours in 0...1
///     spotter.std       "0.229,0.224,0.225"     then divided by
///     spotter.texture   "own"                   see `FeatureExtractor.seesTexture`
package struct LearnedBackbone: FeatureExtractor {
    /// SHA-256 of the file, or the name that a command gave it.
    package let identifier: String
    /// The file's outputs, the finest first.
    package let taps: [FeatureTap]
    /// nil for a file with symbolic H and W.
    package let fixedInput: PixelSize?
    /// 1 for a fixed size; at most 256.
    package let sideMultiple: Int
    package let normalisation: ColorNormalisation
    package let seesTexture: Bool
    /// The file's graph with its weights; every model carries the part that its view needs.
    package let graph: BackboneGraph
    /// The finer grid that its features are computed from, for the outlines of masks; nil where
    /// there is none. `BackboneDetail` finds it.
    let detail: FeatureTap?
    /// Set by the composition root: the first backbone beside the one that Spotter comes with.
    package var alternatives: [any FeatureExtractor] = []

    /// - Throws: `invalidModel` telling what the file must be.
    package init(identifier: String, file: Data) throws(VisionError) {
        do throws(VisionError) {
            let file = try BackboneFile(file)
            let input = try Self.inputSize(file.input)
            let taps = try Self.taps(file, input)
            self.identifier = identifier
            self.taps = taps.sorted { $0.stride < $1.stride }
            fixedInput = input
            sideMultiple = try input == nil ? Self.multiple(file.annotations, taps) : 1
            normalisation = file.annotations.normalisation
            seesTexture = file.annotations.seesTexture
            graph = BackboneGraph(graph: file.graph.paddedEarly, input: file.input.name)
            detail =
                seesTexture && input == nil && taps.count == 1
                ? BackboneDetail.find(in: graph, for: taps[0], sideMultiple) : nil
        } catch {
            throw VisionError(.invalidModel, "The backbone \(identifier) \(error.message).")
        }
    }

    /// 0 for a dimension without a number.
    private static func shape(_ value: ONNXValueInfo) -> [Int] {
        value.type.tensorType.shape.dim.map { max(0, Int($0.value)) }
    }

    private static func invalid(_ reason: String) -> VisionError {
        VisionError(.invalidModel, reason)
    }

    /// nil for any size.
    private static func inputSize(_ input: ONNXValueInfo) throws(VisionError) -> PixelSize? {
        let shape = shape(input)
        guard shape.count == 4, shape[0] <= 1, shape[1] == 3, (shape[2] > 0) == (shape[3] > 0)
        else {
            throw invalid("must take [1, 3, H, W], not \(shape)")
        }
        guard shape[2] > 0 else { return nil }
        let sides = shape[2...]
        guard sides.allSatisfy({ $0 <= VisionLimits.manifestSidePixelsMax }),
            shape[2] * shape[3] <= VisionLimits.viewPixelsMax
        else {
            throw invalid(
                "takes \(shape[3])×\(shape[2]) pixels; at most \(VisionLimits.viewPixelsMax) are "
                    + "possible")
        }
        return PixelSize(width: shape[3], height: shape[2])
    }

    private static func taps(_ file: BackboneFile, _ input: PixelSize?) throws(VisionError)
        -> [FeatureTap]
    {
        let outputs = file.graph.output
        let strides = file.annotations.strides
        guard strides == nil || strides?.count == outputs.count else {
            throw invalid(
                "has spotter.strides for \(strides?.count ?? 0) outputs, and there are "
                    + "\(outputs.count)")
        }
        var taps: [FeatureTap] = []
        for (index, output) in outputs.enumerated() {
            let grid = shape(output)
            guard grid.count == 4, (1...VisionLimits.tapChannelsMax).contains(grid[1]) else {
                throw invalid(
                    "must give [1, C, h, w] with at most \(VisionLimits.tapChannelsMax) channels; "
                        + "\(output.name) is \(grid)")
            }
            let stated = strides?[index]
            var stride = stated
            if let input, grid[2] > 0, grid[3] > 0 {
                let found = try Self.stride(of: grid, for: input)
                guard stated == nil || stated == found else {
                    throw invalid(
                        "has \(stated ?? 0) as the stride of \(output.name) in spotter.strides, and "
                            + "its shapes have \(found)")
                }
                stride = found
            }
            guard let stride else {
                throw invalid(
                    "does not state the sizes of its outputs, so its metadata must name the stride "
                        + "of each as spotter.strides, like 8 or 4,8; or give --backbone-strides; "
                        + "or export it with a fixed size")
            }
            taps.append(FeatureTap(name: output.name, channels: grid[1], stride: stride))
        }
        return taps
    }

    private static func stride(of grid: [Int], for input: PixelSize) throws(VisionError) -> Int {
        let stride = input.height / grid[2]
        guard stride > 0, input.height / stride == grid[2], input.width / stride == grid[3] else {
            throw invalid(
                "gives \(grid) for an image of \(input.width)×\(input.height) pixels, which are not "
                    + "square cells of whole pixels")
        }
        return stride
    }

    private static func multiple(
        _ annotations: BackboneAnnotations, _ taps: [FeatureTap]
    ) throws(VisionError) -> Int {
        func common(_ a: Int, _ b: Int) -> Int { b == 0 ? a : common(b, a % b) }
        let most = VisionLimits.tapStridePixelsMax
        var least = 1
        for tap in taps where least <= most {
            least = least / common(least, tap.stride) * tap.stride
        }
        let multiple = annotations.multiple ?? least
        guard multiple % least == 0, multiple <= most else {
            throw invalid(
                "has the strides \(taps.map(\.stride)), which do not all divide "
                    + "\(multiple) pixels. Its spotter.multiple must be a multiple of each, up to "
                    + "\(most)")
        }
        return multiple
    }
}
