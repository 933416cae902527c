package import FoundationEssentials
import SwiftProtobuf

/// Turns an image into a grid of feature vectors, as part of an ONNX graph.
///
/// The seam behind which backbones differ: the trainer and the detector know only the sizes.
package protocol FeatureExtractor: Sendable {
    /// Written into models, so that a model says what it was made with.
    var identifier: String { get }
    /// Pixels of the image that the graph takes.
    var inputWidth: Int { get }
    var inputHeight: Int { get }
    /// Length of a feature vector.
    var channels: Int { get }
    /// Cells of the feature grid.
    var gridWidth: Int { get }
    var gridHeight: Int { get }
    /// The part of the graph from `[1, 3, inputHeight, inputWidth]` floats in 0...1 to
    /// `[1, channels, gridHeight, gridWidth]`.
    var graph: BackboneGraph { get }
}

/// A graph with one input and one output.
package struct BackboneGraph: Sendable {
    let graph: ONNXGraph
    let input: String
    let output: String
}

/// A convolutional network in an ONNX file whose weights were learned elsewhere.
package struct LearnedBackbone: FeatureExtractor {
    package let identifier: String
    package let inputWidth: Int
    package let inputHeight: Int
    package let channels: Int
    package let gridWidth: Int
    package let gridHeight: Int
    package let graph: BackboneGraph

    /// - Parameter file: an ONNX model with one float input `[1, 3, H, W]` and one float output
    ///   `[1, C, h, w]`, both of fixed size.
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
        guard inputs.count == 1, let output = model.graph.output.first else {
            throw invalid("must have one input and one output")
        }
        let inputShape = Self.shape(inputs[0])
        let outputShape = Self.shape(output)
        guard inputShape.count == 4, inputShape[1] == 3, outputShape.count == 4,
            (inputShape + outputShape).allSatisfy({ $0 > 0 })
        else {
            throw invalid(
                "must map [1, 3, H, W] to [1, C, h, w] of fixed sizes, not \(inputShape) to "
                    + "\(outputShape)")
        }
        self.identifier = identifier
        inputHeight = inputShape[2]
        inputWidth = inputShape[3]
        channels = outputShape[1]
        gridHeight = outputShape[2]
        gridWidth = outputShape[3]
        graph = BackboneGraph(graph: model.graph, input: inputs[0].name, output: output.name)
    }

    private static func shape(_ value: ONNXValueInfo) -> [Int] {
        value.type.tensorType.shape.dim.map { Int($0.value) }
    }
}
