extension ONNXGraph {
    /// The graph with mirrored and repeated edges added before pointwise convolutions rather than
    /// behind them. Both compute each pixel by itself, so the values are the same; but where
    /// the convolution widens, as in blocks of EfficientNet and MobileNet, there is a fraction to
    /// copy. ONNX Runtime brings tensors out of the layout of its convolutions for a Pad and back
    /// again: on EfficientNet-Lite0 at 256×256 that is a seventh of a whole detector's time.
    var paddedEarly: ONNXGraph {
        var moving = PadMoving(self)
        for index in node.indices where node[index].opType == "Pad" { moving.move(node[index]) }
        var graph = self
        graph.node = moving.nodes
        return graph
    }
}

/// Moves nodes of a graph one by one.
private struct PadMoving {
    private static let modes: Set<String> = ["reflect", "edge"]
    /// Compute each value by itself.
    private static let pointwise: Set<String> = ["Clip", "Relu"]

    private(set) var nodes: [ONNXNode]
    private let constants: [String: ONNXTensor]
    private let outputs: Set<String>

    init(_ graph: ONNXGraph) {
        nodes = graph.node
        constants = Dictionary(
            graph.initializer.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        outputs = Set(graph.output.map(\.name))
    }

    /// Moves `pad` before the convolution that it follows, if that gives the same values for less.
    mutating func move(_ pad: ONNXNode) {
        guard let place = nodes.firstIndex(of: pad), padsGrids(pad),
            let convolution = widening(before: pad)
        else { return }
        let (padded, unpadded) = (pad.output[0], pad.input[0])
        var moved = pad
        moved.input[0] = nodes[convolution].input[0]
        nodes.remove(at: place)
        for index in nodes.indices {
            for input in nodes[index].input.indices where nodes[index].input[input] == padded {
                nodes[index].input[input] = unpadded
            }
        }
        nodes[convolution].input[0] = padded
        nodes.insert(moved, at: convolution)
    }

    /// Whether it adds mirrored or repeated edges to rows and columns alone.
    private func padsGrids(_ pad: ONNXNode) -> Bool {
        let mode = pad.attribute.first { $0.name == "mode" }?.s
        guard let mode, Self.modes.contains(String(decoding: mode, as: UTF8.self)),
            pad.input.count == 2 || pad.input.dropFirst(2).allSatisfy(\.isEmpty),
            pad.output.count == 1, !outputs.contains(pad.output[0]),
            let pads = constants[pad.input[1]]?.rawData, pads.count == 8 * 8
        else { return false }
        // Images, channels, rows and columns: what goes before them, and what behind.
        return [0, 1, 4, 5].allSatisfy { axis in
            pads.dropFirst(axis * 8).prefix(8).allSatisfy { $0 == 0 }
        }
    }

    /// The place of a convolution of single pixels, into more channels than it takes, from which
    /// `pad` and nothing else gets its values.
    private func widening(before pad: ONNXNode) -> Int? {
        var value = pad.input[0]
        while !outputs.contains(value), nodes.count(where: { $0.input.contains(value) }) == 1,
            let place = nodes.firstIndex(where: { $0.output == [value] })
        {
            let node = nodes[place]
            if node.opType == "Conv" { return isWidening(node) ? place : nil }
            guard Self.pointwise.contains(node.opType) else { return nil }
            value = node.input[0]
        }
        return nil
    }

    private func isWidening(_ convolution: ONNXNode) -> Bool {
        guard convolution.input.count > 1,
            let kernel = constants[convolution.input[1]]?.dims, kernel.count == 4,
            kernel[2] == 1, kernel[3] == 1, kernel[0] > kernel[1]
        else { return false }
        return convolution.attribute.allSatisfy { attribute in
            switch attribute.name {
            case "strides", "dilations", "kernel_shape": attribute.ints.allSatisfy { $0 == 1 }
            case "pads": attribute.ints.allSatisfy { $0 == 0 }
            case "group": attribute.i == 1
            default: false
            }
        }
    }
}
