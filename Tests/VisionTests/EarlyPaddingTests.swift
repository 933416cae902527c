import FoundationEssentials
import SwiftProtobuf
import TestSupport
import Testing

@testable import Vision

/// Edges that are added before a widening convolution rather than behind it: the values stay.
@Suite struct EarlyPaddingTests {
    private static let side = 6

    /// A pointwise convolution into `wide` channels, clipped, padded and filtered by channel.
    private func graph(
        _ mode: String = "reflect", wide: Int = 8, pads: [Int] = [0, 0, 1, 1, 0, 0, 1, 2],
        kernel: Int = 1, showsUnpadded: Bool = false
    ) -> ONNXGraph {
        var builder = GraphBuilder(name: "block")
        builder.input("x", .float, shape: [1, 4, Self.side, Self.side])
        func weights(_ shape: [Int]) -> Tensor {
            let count = shape.reduce(1, *)
            return Tensor(
                shape: shape, values: (0..<count).map { Float($0 % 7) * 0.25 - 0.6 })
        }
        let expanded = builder.node(
            "Conv", ["x", builder.constant(weights([wide, 4, kernel, kernel]), "wide")],
            [("kernel_shape", .ints([kernel, kernel]))])
        let clipped = builder.node(
            "Clip", [expanded, builder.scalar(0, "low"), builder.scalar(6, "high")],
            output: "clipped")
        let padded = builder.node(
            "Pad", [clipped, builder.constant(pads, "pads")], [("mode", .string(mode))])
        let out = builder.node(
            "Conv", [padded, builder.constant(weights([wide, 1, 3, 3]), "deep")],
            [("group", .int(wide)), ("kernel_shape", .ints([3, 3]))], output: "y")
        // The sizes are the runtime's to find.
        let after = Self.side - kernel + 1
        builder.output(
            out, shape: [1, wide, after + pads[2] + pads[6] - 2, after + pads[3] + pads[7] - 2])
        if showsUnpadded { builder.output(clipped, shape: [1, wide, after, after]) }
        return builder.finished
    }

    private func values(_ graph: ONNXGraph) throws -> Tensor {
        var builder = GraphBuilder(name: "whole")
        builder.input(
            "x", .float, shape: graph.input[0].type.tensorType.shape.dim.map { Int($0.value) })
        let y = builder.append(graph, prefix: "part/", input: "x", for: "x", output: "y")
        let shape = graph.output[0].type.tensorType.shape.dim.map { Int($0.value) }
        builder.output(builder.node("Identity", [y], output: "out"), shape: shape)
        let session = try InferenceSession(
            runtime: Checkout.runtime.get(), model: builder.model(), threads: 1)
        let count = 4 * Self.side * Self.side
        let x = Tensor(
            shape: [1, 4, Self.side, Self.side],
            values: (0..<count).map { Float(($0 * 37) % 101) / 20 - 2 })
        return try session.run([("x", .floats(x))], outputs: ["out"])[0]
    }

    @Test(arguments: ["reflect", "edge"])
    func edgesAreAddedBeforeTheWideningAndTheValuesStay(mode: String) throws {
        let graph = graph(mode)
        let early = graph.paddedEarly
        #expect(graph.node.map(\.opType) == ["Conv", "Clip", "Pad", "Conv"])
        #expect(early.node.map(\.opType) == ["Pad", "Conv", "Clip", "Conv"])
        let (before, after) = (try values(graph), try values(early))
        #expect(before.shape == after.shape)
        for (left, right) in zip(before.values, after.values) {
            #expect(abs(left - right) < 1e-5)
        }
    }

    @Test func whatWouldChangeOrGainNothingStaysAsItIs() {
        for graph in [
            // Zeros are not what a convolution with a bias makes of zeros.
            graph("constant"), graph(wide: 4), graph(kernel: 3), graph(showsUnpadded: true),
            // Mirrored channels.
            graph(pads: [0, 1, 1, 1, 0, 0, 1, 2]),
        ] {
            #expect(graph.paddedEarly == graph)
        }
    }

    @Test(.enabled(if: Checkout.hasPhotographsBackbone))
    func theBlocksOfTheStandardBackboneArePaddedBeforeTheyWiden() throws {
        let file = try ONNXModel(serializedBytes: Checkout.photographsBackboneBytes()).graph
        func widened(_ graph: ONNXGraph) -> Int {
            let pads = Set(graph.node.filter { $0.opType == "Pad" }.flatMap(\.input))
            return graph.node.count { $0.opType == "Clip" && pads.contains($0.output[0]) }
        }
        // The first filters the picture itself, the second what the first made of it.
        #expect(widened(file) == 11)
        #expect(widened(file.paddedEarly) == 1)
    }
}
