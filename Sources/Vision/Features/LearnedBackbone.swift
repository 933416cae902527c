package import FoundationEssentials
import SwiftProtobuf

/// A network in an ONNX file whose weights were learned elsewhere.
///
/// The file has one float input `[1, 3, H, W]` and one or more float outputs `[1, C, h, w]`. With
/// symbolic H and W it takes any size whose sides are multiples of `spotter.multiple`; the strides
/// of its outputs then come from its metadata. Metadata (all optional but for the strides):
///
///     spotter.strides   "4,8"                   pixels from cell to cell, one for each output
///     spotter.multiple  "32"                    default: the coarsest stride
///     spotter.mean      "0.485,0.456,0.406"     taken from colours in 0...1
///     spotter.std       "0.229,0.224,0.225"     then divided by
package struct LearnedBackbone: FeatureExtractor {
    package let identifier: String
    package let taps: [FeatureTap]
    package let fixedInput: PixelSize?
    package let sideMultiple: Int
    package let normalisation: ColorNormalisation
    package let graph: BackboneGraph

    /// - Throws: `invalidModel` telling what the file must be.
    package init(identifier: String, file: Data) throws(VisionError) {
        func invalid(_ reason: String) -> VisionError {
            VisionError(.invalidModel, "The backbone \(identifier) \(reason).")
        }
        let model: ONNXModel
        do {
            model = try ONNXModel(serializedBytes: file)
        } catch {
            throw invalid("is not an ONNX file")
        }
        let weights = Set(model.graph.initializer.map(\.name))
        let inputs = model.graph.input.filter { !weights.contains($0.name) }
        guard inputs.count == 1, !model.graph.output.isEmpty else {
            throw invalid("must have one input and one output or more")
        }
        let shape = Self.shape(inputs[0])
        guard shape.count == 4, shape[1] == 3, (shape[2] > 0) == (shape[3] > 0) else {
            throw invalid("must take [1, 3, H, W], not \(shape)")
        }
        let annotations: BackboneAnnotations
        do throws(VisionError) {
            annotations = try BackboneAnnotations(model)
        } catch {
            throw invalid(error.message)
        }
        let isFixed = shape[2] > 0
        var taps: [FeatureTap] = []
        for (index, output) in model.graph.output.enumerated() {
            let grid = Self.shape(output)
            guard grid.count == 4, grid[1] > 0, grid[1] <= VisionLimits.tapChannelsMax else {
                throw invalid(
                    "must give [1, C, h, w] with at most \(VisionLimits.tapChannelsMax) channels; "
                        + "\(output.name) is \(grid)")
            }
            let stride: Int
            if isFixed, grid[2] > 0, grid[3] > 0 {
                stride = shape[2] / grid[2]
                guard stride > 0, shape[2] / stride == grid[2], shape[3] / stride == grid[3] else {
                    throw invalid(
                        "gives \(grid) for \(shape), which are no square cells of whole pixels")
                }
            } else if index < annotations.strides.count {
                stride = annotations.strides[index]
            } else {
                throw invalid(
                    "takes images of any size, so its metadata must name the stride of each "
                        + "output as spotter.strides, like 8 or 4,8; or export it with a fixed size"
                )
            }
            taps.append(FeatureTap(name: output.name, channels: grid[1], stride: stride))
        }
        self.identifier = identifier
        self.taps = taps.sorted { $0.stride < $1.stride }
        fixedInput = isFixed ? PixelSize(width: shape[3], height: shape[2]) : nil
        sideMultiple = annotations.multiple ?? taps.map(\.stride).max() ?? 1
        normalisation = annotations.normalisation
        graph = BackboneGraph(graph: model.graph, input: inputs[0].name)
    }

    /// 0 for a dimension without a number.
    private static func shape(_ value: ONNXValueInfo) -> [Int] {
        value.type.tensorType.shape.dim.map { Int($0.value) }
    }
}

/// What a backbone's file says about itself beyond its shapes, as metadata of the ONNX file.
package struct BackboneAnnotations: Sendable, Equatable {
    package var strides: [Int] = []
    package var multiple: Int?
    package var normalisation = ColorNormalisation.none

    package init() {}

    init(_ model: ONNXModel) throws(VisionError) {
        func text(_ key: String) -> String? {
            model.metadataProps.first { $0.key == "spotter." + key }?.value
        }
        if let value = text("strides") {
            strides = try Self.numbers(value, "spotter.strides", count: nil).map { Int($0) }
        }
        if let value = text("multiple") {
            multiple = Int(try Self.numbers(value, "spotter.multiple", count: 1)[0])
        }
        if let value = text("mean") {
            normalisation.mean = try Self.numbers(value, "spotter.mean", count: 3)
        }
        if let value = text("std") {
            normalisation.deviation = try Self.numbers(value, "spotter.std", count: 3)
        }
        guard normalisation.deviation.allSatisfy({ $0 > 0 }) else {
            throw VisionError(.invalidModel, "has a spotter.std that is not above 0")
        }
        guard (strides + [multiple ?? 1]).allSatisfy({ (1...256).contains($0) }) else {
            throw VisionError(
                .invalidModel, "has spotter.strides or spotter.multiple outside 1 to 256")
        }
    }

    /// Numbers between commas.
    package static func numbers(_ text: String, _ name: String, count: Int?) throws(VisionError)
        -> [Float]
    {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
            Float($0.filter { $0 != " " })
        }
        let numbers = parts.compactMap { $0 }.filter(\.isFinite)
        guard numbers.count == parts.count, count == nil || count == parts.count else {
            throw VisionError(
                .invalidModel,
                "has '\(text.prefix(60))' as \(name), which is not "
                    + (count.map { "\($0) number\($0 == 1 ? "" : "s")" } ?? "a list of numbers"))
        }
        return numbers
    }

    /// The same file with these annotations in place of its own.
    ///
    /// - Throws: `invalidModel` when `file` is no ONNX file.
    package func written(into file: Data) throws(VisionError) -> Data {
        do {
            var model = try ONNXModel(serializedBytes: file)
            model.metadataProps.removeAll { $0.key.hasPrefix("spotter.") }
            func add(_ key: String, _ values: [String]) {
                var property = ONNXProperty()
                property.key = "spotter." + key
                property.value = values.joined(separator: ",")
                model.metadataProps.append(property)
            }
            if !strides.isEmpty { add("strides", strides.map { String($0) }) }
            if let multiple { add("multiple", [String(multiple)]) }
            if normalisation != .none {
                add("mean", normalisation.mean.map { String($0) })
                add("std", normalisation.deviation.map { String($0) })
            }
            return try model.serializedData()
        } catch {
            throw VisionError(.invalidModel, "The backbone is not an ONNX file.")
        }
    }

    /// The annotations of a file.
    package init(file: Data) throws(VisionError) {
        guard let model = try? ONNXModel(serializedBytes: file) else {
            throw VisionError(.invalidModel, "The backbone is not an ONNX file.")
        }
        try self.init(model)
    }
}
