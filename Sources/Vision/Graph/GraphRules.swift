import FoundationEssentials
import SwiftProtobuf

/// What every graph that somebody else wrote keeps to before ONNX Runtime sees it: the networks of
/// backbones and the graphs of packages.
enum GraphRules {
    /// Operator sets whose operators mean the same in the set that detectors are written in.
    /// Reductions, for one, take their axes elsewhere from 18 on, and Softmax before 13 works on
    /// other axes.
    private static let operatorSets = 13...GraphBuilder.operatorSet
    private static let standardDomains = ["", "ai.onnx"]
    /// Fields that `onnx.proto` leaves out, by their published numbers.
    private enum Field {
        static let modelTrainingInfo: UInt64 = 20
        static let modelFunctions: UInt64 = 25
        static let graphSparseInitializer: UInt64 = 15
        static let tensorExternalData: UInt64 = 13
        static let tensorDataLocation: UInt64 = 14
        static let attributeGraphs: [UInt64] = [6, 11]
        /// Lists of tensors, types, references to a function's own attributes, sparse tensors.
        static let attributeOthers: [UInt64] = [10, 14, 15, 21, 22, 23]
    }
    /// Kinds of attributes that are graphs: GRAPH and GRAPHS.
    private static let graphKinds = [5, 10]

    /// Reads a file and checks all that does not depend on the size of an image.
    ///
    /// - Throws: `invalidModel` with a message that lacks its subject.
    static func model(_ bytes: Data) throws(VisionError) -> ONNXModel {
        guard GraphScan.isWithin(VisionLimits.graphElementsMax, bytes) else {
            throw invalid(
                "has more than \(VisionLimits.graphElementsMax) nodes, names and numbers in lists")
        }
        guard let model = try? ONNXModel(serializedBytes: bytes), model.hasGraph else {
            throw invalid("is not an ONNX file")
        }
        try checkOperators(model)
        try checkWeights(model.graph)
        return model
    }

    static func invalid(_ reason: String) -> VisionError { VisionError(.invalidModel, reason) }

    private static func checkOperators(_ model: ONNXModel) throws(VisionError) {
        let version =
            model.opsetImport.first { standardDomains.contains($0.domain) }?.version ?? 0
        guard operatorSets.contains(version) else {
            throw invalid(
                "is of ONNX operator set \(version); \(operatorSets.lowerBound) to "
                    + "\(operatorSets.upperBound) are possible. Export it with "
                    + "opset_version=\(operatorSets.upperBound)")
        }
        let others = UnknownFields(model)
        guard !others.contains(Field.modelFunctions), !others.contains(Field.modelTrainingInfo)
        else {
            throw invalid(
                "has functions of its own. Export it with dynamo=False, or inline them with "
                    + "onnx.inliner.inline_local_functions")
        }
        guard model.graph.node.count <= VisionLimits.graphNodesMax else {
            throw invalid(
                "has \(model.graph.node.count) nodes; at most \(VisionLimits.graphNodesMax) are "
                    + "possible")
        }
        for node in model.graph.node {
            guard standardDomains.contains(node.domain) else {
                throw invalid(
                    "uses the operator \(node.opType.prefix(60)) of \(node.domain.prefix(60)); "
                        + "only those of ONNX itself are possible")
            }
            for attribute in node.attribute { try check(attribute, node) }
            guard OperatorRule.all[node.opType] != nil else {
                throw invalid(
                    "uses the operator \(node.opType.prefix(60)), whose cost cannot be known before "
                        + "it runs. Export a network of convolutions, products and what is usual "
                        + "between them")
            }
        }
    }

    private static func check(_ attribute: ONNXAttribute, _ node: ONNXNode) throws(VisionError) {
        let others = UnknownFields(attribute)
        guard !graphKinds.contains(attribute.type.rawValue),
            !Field.attributeGraphs.contains(where: others.contains)
        else {
            throw invalid(
                "uses the operator \(node.opType.prefix(60)), which has graphs of its own. Export a "
                    + "network without branches and loops")
        }
        guard !Field.attributeOthers.contains(where: others.contains) else {
            throw invalid(
                "has the attribute \(attribute.name.prefix(60)) of \(node.opType.prefix(60)), "
                    + "which is neither a number nor a text nor a dense tensor")
        }
    }

    private static func checkWeights(_ graph: ONNXGraph) throws(VisionError) {
        guard !UnknownFields(graph).contains(Field.graphSparseInitializer) else {
            throw invalid("has sparse weights; only dense ones are possible")
        }
        for tensor in graph.initializer { try check(tensor) }
        for node in graph.node {
            for attribute in node.attribute where attribute.hasT { try check(attribute.t) }
        }
    }

    private static func check(_ tensor: ONNXTensor) throws(VisionError) {
        let fields = UnknownFields(tensor)
        guard fields.number(Field.tensorDataLocation) == 0,
            !fields.contains(Field.tensorExternalData)
        else {
            throw invalid(
                "keeps weights in another file. Save it as one file with "
                    + "onnx.save(onnx.load(FILE), FILE)")
        }
        let value = try GraphValue(tensor)
        let present =
            tensor.rawData.isEmpty
            ? tensor.floatData.count + tensor.int32Data.count + tensor.int64Data.count
            : tensor.rawData.count / value.elementBytes
        // Doubles and the like in a list of their own are rare and small.
        let isElsewhere = present == 0 && value.count <= Double(GraphValue.numbersMax)
        guard Double(present) == value.count || isElsewhere else {
            throw invalid(
                "has the tensor \(tensor.name.prefix(60)) of \(tensor.dims), which has \(present) "
                    + "values in the file")
        }
    }
}
