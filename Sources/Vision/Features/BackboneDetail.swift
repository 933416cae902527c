/// Looks into a network for a grid that is finer than its features.
enum BackboneDetail {
    /// Larger grids are not bottlenecks between the stages of a small network; they would cost
    /// training and detections more than outlines gain.
    private static let channelsMax = 64

    /// The last of the narrowest grids with cells of half the size, which the features are computed
    /// from: what a stage of the network hands to the next one. nil where there is none.
    static func find(in backbone: BackboneGraph, for tap: FeatureTap, _ sideMultiple: Int)
        -> FeatureTap?
    {
        guard tap.stride > 1, tap.stride.isMultiple(of: 2) else { return nil }
        // Large enough that no padded grid is taken for one of other cells.
        let side = 16 * max(sideMultiple, tap.stride)
        let graph = backbone.graph
        guard
            let cost = try? GraphCost(
                graph,
                inputs: [
                    backbone.input: ([1, 3, side, side], ONNXTensor.ElementType.float.rawValue)
                ], outputs: [tap.name])
        else { return nil }
        let needed = GraphBuilder.needed(graph, for: tap.name)
        let cells = 2 * side / tap.stride
        var found: FeatureTap?
        for node in graph.node where node.output.count == 1 && needed.contains(node.output[0]) {
            guard let shape = cost.shape(of: node.output[0]), shape.count == 4,
                shape[0] == 1, shape[2] == cells, shape[3] == cells,
                (1...(found?.channels ?? channelsMax)).contains(shape[1])
            else { continue }
            found = FeatureTap(
                name: node.output[0], channels: shape[1], stride: tap.stride / 2)
        }
        return found
    }
}
