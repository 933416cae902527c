/// What a graph will need, found by following the sizes of all tensors without computing any.
struct GraphCost {
    /// Multiplications, additions and the like of one run, about.
    private(set) var work = 0.0
    /// Bytes of the tensors that are needed at the same time, without weights, at most.
    private(set) var peakBytes = 0.0
    /// Of what is the same for every image, which ONNX Runtime computes when it loads the graph.
    private(set) var constantWork = 0.0
    private(set) var constantBytes = 0.0
    private var values: [String: GraphValue] = [:]

    /// The shape of a value; nil for a name that the graph does not have.
    func shape(of name: String) -> [Int]? { values[name]?.shape }

    /// - Parameters:
    ///   - inputs: shape and element type of each input of the graph.
    ///   - outputs: names of values that stay until the end.
    ///   - memoryBytes: what this process may have.
    /// - Throws: `invalidModel` with a message that lacks its subject, for a graph that needs more
    ///   than `VisionLimits` allows, or of which that cannot be known.
    init(
        _ graph: ONNXGraph, inputs: [String: (shape: [Int], type: Int)], outputs: [String],
        memoryBytes: Double = MachineMemory.bytes
    ) throws(VisionError) {
        let bytesMax = min(
            VisionLimits.graphBytesMax, VisionLimits.graphMemoryShareMax * memoryBytes)
        for tensor in graph.initializer { values[tensor.name] = try GraphValue(tensor) }
        for (name, input) in inputs { values[name] = try GraphValue(input.shape, input.type) }
        var lastUse: [String: Int] = [:]
        for (index, node) in graph.node.enumerated() {
            for name in node.input { lastUse[name] = index }
        }
        for name in outputs { lastUse[name] = graph.node.count }
        var live = values.values.reduce(0) { $1.isConstant ? $0 : $0 + $1.bytes }
        for (index, node) in graph.node.enumerated() {
            live += try add(node)
            peakBytes = max(peakBytes, live)
            guard peakBytes <= bytesMax else {
                throw Self.tooMuch(
                    "\(Int(peakBytes) >> 20) MiB of memory at once, where "
                        + "\(Int(bytesMax) >> 20) are possible", node)
            }
            for name in Set(node.input + node.output) where lastUse[name] ?? index <= index {
                if let value = values[name], !value.isConstant { live -= value.bytes }
                // Its name may not be computed again, and nobody reads it from here on.
                values[name]?.numbers = nil
            }
        }
        for name in outputs where values[name] == nil {
            throw GraphRules.invalid("does not compute its output \(name.prefix(60))")
        }
    }

    /// - Returns: bytes of the node's outputs, as far as they are not constants.
    private mutating func add(_ node: ONNXNode) throws(VisionError) -> Double {
        var inputs: [GraphValue?] = []
        for name in node.input {
            guard name.isEmpty || values[name] != nil else {
                throw GraphRules.invalid(
                    "uses \(name.prefix(60)) in a node before it is computed")
            }
            inputs.append(name.isEmpty ? nil : values[name])
        }
        guard let rule = OperatorRule.all[node.opType] else {
            throw GraphRules.invalid("uses the operator \(node.opType.prefix(60))")
        }
        var inference = SizeInference(node, rule, inputs)
        let outputs: [GraphValue]
        do throws(VisionError) {
            outputs = try inference.outputs()
        } catch {
            let name = String(node.opType.prefix(60))
            let place = error.message.contains(name) ? "" : ", at its operator \(name)"
            throw GraphRules.invalid(error.message + place)
        }
        let isFixed = inputs.allSatisfy { $0?.isConstant ?? true } || inference.isConstant
        var bytes = 0.0
        for (name, output) in zip(node.output, outputs) where !name.isEmpty {
            guard values[name] == nil else {
                throw GraphRules.invalid("computes \(name.prefix(60)) twice")
            }
            guard output.bytes <= VisionLimits.graphTensorBytesMax else {
                throw Self.tooMuch("a tensor of \(output.shape)", node)
            }
            var output = output
            output.isConstant = isFixed
            bytes += output.bytes
            values[name] = output
        }
        if isFixed {
            constantWork += inference.work
            constantBytes += bytes
            guard constantWork <= VisionLimits.graphConstantWorkMax,
                constantBytes <= VisionLimits.graphConstantBytesMax
            else { throw Self.tooMuch("time or memory while it is loaded", node) }
        }
        work += inference.work
        guard inference.work <= VisionLimits.graphNodeWorkMax, work <= VisionLimits.graphWorkMax
        else { throw Self.tooMuch("operations for one image", node) }
        return isFixed ? 0 : bytes
    }

    private static func tooMuch(_ what: String, _ node: ONNXNode) -> VisionError {
        GraphRules.invalid(
            "needs too much: at its operator \(node.opType.prefix(60)), \(what)")
    }
}
