import FoundationEssentials
import SwiftProtobuf

/// The ONNX file of a backbone, checked for what would not survive when its nodes are copied into
/// a detector's graph.
struct BackboneFile {
    /// Operator sets whose operators mean the same in the set that detectors are written in.
    /// Reductions, for one, take their axes elsewhere from 18 on, and Softmax before 13 works on
    /// other axes.
    private static let operatorSets = 13...GraphBuilder.operatorSet
    private static let standardDomains = ["", "ai.onnx"]
    /// Fields that `onnx.proto` leaves out, by their published numbers.
    private enum Field {
        static let modelFunctions: UInt64 = 25
        static let graphSparseInitializer: UInt64 = 15
        static let tensorExternalData: UInt64 = 13
        static let tensorDataLocation: UInt64 = 14
    }
    /// Kinds of attributes that are graphs: GRAPH and GRAPHS.
    private static let graphKinds = [5, 10]

    let graph: ONNXGraph
    let input: ONNXValueInfo
    let annotations: BackboneAnnotations

    /// - Throws: `invalidModel` with a message that lacks its subject.
    init(_ bytes: Data) throws(VisionError) {
        guard let model = try? ONNXModel(serializedBytes: bytes), model.hasGraph else {
            throw Self.invalid("is not an ONNX file")
        }
        try Self.checkOperators(model)
        try Self.checkWeights(model.graph)
        let weights = Set(model.graph.initializer.map(\.name))
        let inputs = model.graph.input.filter { !weights.contains($0.name) }
        guard inputs.count == 1, !model.graph.output.isEmpty else {
            throw Self.invalid("must have one input and one output or more")
        }
        for value in inputs + model.graph.output {
            let type = Int(value.type.tensorType.elemType)
            guard type == ONNXTensor.ElementType.float.rawValue else {
                throw Self.invalid("must take and give 32-bit floats; \(value.name) is of others")
            }
        }
        graph = model.graph
        input = inputs[0]
        annotations = try BackboneAnnotations(model)
    }

    private static func invalid(_ reason: String) -> VisionError {
        VisionError(.invalidModel, reason)
    }

    private static func checkOperators(_ model: ONNXModel) throws(VisionError) {
        let version =
            model.opsetImport.first { standardDomains.contains($0.domain) }?.version ?? 0
        guard operatorSets.contains(version) else {
            throw invalid(
                "is of ONNX operator set \(version); \(operatorSets.lowerBound) to "
                    + "\(operatorSets.upperBound) are possible. Export it with "
                    + "opset_version=\(operatorSets.upperBound)")
        }
        guard !UnknownFields(model).contains(Field.modelFunctions) else {
            throw invalid(
                "has functions of its own. Export it with dynamo=False, or inline them with "
                    + "onnx.inliner.inline_local_functions")
        }
        for node in model.graph.node {
            guard standardDomains.contains(node.domain) else {
                throw invalid(
                    "uses the operator \(node.opType) of \(node.domain); only those of ONNX itself "
                        + "are possible")
            }
            guard !node.attribute.contains(where: { graphKinds.contains($0.type.rawValue) }) else {
                throw invalid(
                    "uses the operator \(node.opType), which has graphs of its own. Export a "
                        + "network without branches and loops")
            }
        }
    }

    private static func checkWeights(_ graph: ONNXGraph) throws(VisionError) {
        let constants = graph.node.flatMap { node in
            node.attribute.filter(\.hasT).map(\.t)
        }
        for tensor in graph.initializer + constants {
            let fields = UnknownFields(tensor)
            guard fields.number(Field.tensorDataLocation) == 0,
                !fields.contains(Field.tensorExternalData)
            else {
                throw invalid(
                    "keeps weights in another file. Save it as one file with "
                        + "onnx.save(onnx.load(FILE), FILE)")
            }
        }
        guard !UnknownFields(graph).contains(Field.graphSparseInitializer) else {
            throw invalid("has sparse weights; only dense ones are possible")
        }
    }
}
