import FoundationEssentials

/// The ONNX file of a backbone, checked for what would not survive when its nodes are copied into
/// a detector's graph, and by `GraphRules` for what no graph may have.
struct BackboneFile {
    let graph: ONNXGraph
    let input: ONNXValueInfo
    let annotations: BackboneAnnotations

    /// - Throws: `invalidModel` with a message that lacks its subject.
    init(_ bytes: Data) throws(VisionError) {
        let model = try GraphRules.model(bytes)
        let weights = Set(model.graph.initializer.map(\.name))
        let inputs = model.graph.input.filter { !weights.contains($0.name) }
        guard inputs.count == 1, !model.graph.output.isEmpty else {
            throw GraphRules.invalid("must have one input and one output or more")
        }
        for value in inputs + model.graph.output {
            let type = Int(value.type.tensorType.elemType)
            guard type == ONNXTensor.ElementType.float.rawValue else {
                throw GraphRules.invalid(
                    "must take and give 32-bit floats; \(value.name) is of others")
            }
        }
        graph = model.graph
        input = inputs[0]
        annotations = try BackboneAnnotations(model)
    }
}
