import FoundationEssentials
import SwiftProtobuf
import TestSupport
import Testing

@testable import Vision

/// Graphs that nobody trained: what a package could bring to a device or a server.
@Suite struct GraphRulesTests {
    private static let side = 64

    /// A detector that works, before `change`: a score, and a map of the first colour.
    private func file(
        _ change: (inout GraphBuilder) -> String? = { _ in nil },
        model: (inout ONNXModel) -> Void = { _ in }
    ) throws -> Data {
        var builder = GraphBuilder(name: "package")
        builder.input("image", .uint8, shape: [1, Self.side, Self.side, 3])
        let floats = builder.node("Cast", ["image"], [("to", .int(1))], output: "floats")
        let planes = builder.node("Transpose", [floats], [("perm", .ints([0, 3, 1, 2]))])
        let map = builder.node(
            "ReduceMax", [planes], [("axes", .ints([1])), ("keepdims", .int(1))],
            output: "anomaly_map")
        let from = change(&builder) ?? map
        let flat = builder.node("Reshape", [from, builder.constant([-1], "flat")])
        _ = builder.node(
            "ReduceMean", [flat], [("axes", .ints([0])), ("keepdims", .int(1))], output: "score")
        builder.output("score", shape: [1])
        builder.output("anomaly_map", shape: [1, 1, Self.side, Self.side])
        var file = try ONNXModel(serializedBytes: builder.model())
        model(&file)
        return try file.serializedData()
    }

    private func check(_ file: Data) throws(VisionError) {
        try DetectorFile.check(
            file, image: PixelSize(width: Self.side, height: Self.side),
            outputs: ["score", "anomaly_map"], subject: "The model")
    }

    private func refusal(_ file: Data) throws -> String {
        try #require(#expect(throws: VisionError.self) { try check(file) }).message
    }

    @Test func aPlainDetectorPasses() throws { try check(file()) }

    @Test func packagesOfReleasedVersionsPass() throws {
        for format in [1, 2] {
            let path = "\(Checkout.root)/Tests/VisionTests/Golden/package-\(format).zip"
            let runtime = try Checkout.runtime.get()
            _ = try ModelPackage(path: path).detector(runtime: runtime, threads: 1)
        }
    }

    @Test(arguments: [
        "If", "Loop", "Scan", "SequenceMap", "NonZero", "RandomNormal", "Bernoulli", "Optional",
        "StringNormalizer", "LSTM", "NonMaxSuppression", "NoSuchOperator",
    ])
    func operatorsWithoutAKnownCostAreRefusedByName(operation: String) throws {
        let file = try file { $0.node(operation, ["floats"]) }
        #expect(try refusal(file).contains(operation))
    }

    @Test func graphsInAttributesAreRefusedWithoutAKindToo() throws {
        // Attribute 6 is a graph, 11 are graphs, 22 is a sparse tensor; the kind is left out.
        for (field, word) in [(6, "graphs"), (11, "graphs"), (22, "dense"), (21, "dense")] {
            let file = try file(model: { model in
                let bytes = [UInt8(truncatingIfNeeded: field << 3 | 2) | 0x80, 1, 0]
                let short = [UInt8(field << 3 | 2), 0]
                var attribute = ONNXAttribute()
                attribute.name = "body"
                let own: [UInt8]? = try? attribute.serializedBytes()
                let all = (own ?? []) + (field < 16 ? short : bytes)
                attribute = (try? ONNXAttribute(serializedBytes: all)) ?? attribute
                model.graph.node[0].attribute.append(attribute)
            })
            #expect(try refusal(file).contains(word), "\(field)")
        }
    }

    @Test func weightsOutsideAndForeignOperatorsAreRefused() throws {
        let outside = try file(model: { model in
            let tensor: [UInt8] = (try? model.graph.initializer[0].serializedBytes()) ?? []
            if let changed = try? ONNXTensor(serializedBytes: tensor + [0x6A, 0x00, 0x70, 0x01]) {
                model.graph.initializer[0] = changed
            }
        })
        #expect(try refusal(outside).contains("another file"))
        let foreign = try file(model: { $0.graph.node[0].domain = "com.microsoft" })
        #expect(try refusal(foreign).contains("com.microsoft"))
        let old = try file(model: { $0.opsetImport[0].version = 11 })
        #expect(try refusal(old).contains("operator set 11"))
        #expect(try refusal(Data("text".utf8)).contains("not an ONNX file"))
    }

    @Test func tensorsThatAreNotInTheFileAreRefused() throws {
        let claimed = try file(model: { $0.graph.initializer[0].dims = [1 << 40] })
        #expect(try refusal(claimed).contains("too large"))
        let short = try file(model: { $0.graph.initializer[0].dims = [1 << 30] })
        #expect(try refusal(short).contains("in the file"))
        let negative = try file(model: { $0.graph.initializer[0].dims = [-1] })
        #expect(try refusal(negative).contains("too large"))
    }

    /// Each fills the memory of a device or computes for minutes, from a file of a kilobyte.
    static let bombs: [(String, @Sendable (inout GraphBuilder) -> String)] = [
        (
            "ConstantOfShape",
            { $0.node("ConstantOfShape", [$0.constant([50_000, 50_000], "shape")]) }
        ),
        (
            "Expand",
            { builder in
                let shape = builder.constant([400_000, 64, 64, 3], "shape")
                return builder.node("Expand", ["floats", shape])
            }
        ),
        ("Tile", { $0.node("Tile", ["floats", $0.constant([9_000, 9, 9, 1], "repeats")]) }),
        (
            "Resize",
            { builder in
                let size = builder.constant([1, 60_000, 60_000, 3], "size")
                return builder.node("Resize", ["floats", "", "", size])
            }
        ),
        (
            "Concat",
            { builder in
                (0..<40).reduce("floats") { value, _ in
                    builder.node("Concat", [value, value], [("axis", .int(0))])
                }
            }
        ),
        ("Pad", { $0.node("Pad", ["floats", $0.constant([0, 0, 0, 0, 90_000, 99, 0, 0], "p")]) }),
        (
            "Add",
            { builder in
                let row = builder.node("Reshape", ["floats", builder.constant([1, -1], "a")])
                let column = builder.node("Reshape", ["floats", builder.constant([-1, 1], "b")])
                let wide = builder.node("Concat", [row, row, row, row], [("axis", .int(1))])
                let tall = builder.node("Concat", [column, column, column], [("axis", .int(0))])
                return builder.node("Add", [wide, tall])
            }
        ),
        (
            "MatMul",
            { builder in
                let shape = builder.constant([8_000, 8_000], "shape")
                let square = builder.node("ConstantOfShape", [shape])
                return (0..<300).reduce(square) { value, _ in
                    builder.node("MatMul", [value, square])
                }
            }
        ),
        (
            "Conv",
            { builder in
                let planes = builder.node("Transpose", ["floats"], [("perm", .ints([0, 3, 1, 2]))])
                let big = builder.node(
                    "Resize", [planes, "", "", builder.constant([1, 3, 8000, 8000], "size")])
                let shape = builder.constant([3, 3, 301, 301], "shape")
                let kernel = builder.node("ConstantOfShape", [shape])
                return builder.node(
                    "Conv", [big, kernel], [("pads", .ints([150, 150, 150, 150]))])
            }
        ),
        (
            "OneHot",
            { builder in
                let values = builder.constant([0, 1], "values")
                let depth = builder.constant([1 << 30], "depth")
                return builder.node("OneHot", ["image", depth, values])
            }
        ),
        (
            "Gather",
            { builder in
                let indices = builder.node(
                    "ConstantOfShape", [builder.constant([100_000], "shape")])
                let whole = builder.node("Cast", [indices], [("to", .int(7))])
                return builder.node("Gather", ["floats", whole])
            }
        ),
        (
            "Range",
            { builder in
                func number(_ value: Int) -> String {
                    builder.node(
                        "Squeeze", [builder.constant([value], "n"), builder.constant([0], "axis")])
                }
                return builder.node("Range", [number(0), number(1 << 50), number(1)])
            }
        ),
        (
            "TopK",
            { builder in
                let count = builder.node("ReduceSum", ["floats"], [("keepdims", .int(0))])
                let whole = builder.node("Cast", [count], [("to", .int(7))])
                return builder.node("TopK", ["floats", whole])
            }
        ),
    ]

    @Test(arguments: bombs.map(\.0))
    func whatFillsTheMemoryOrComputesForMinutesIsRefusedUnread(name: String) throws {
        let bomb = try #require(Self.bombs.first { $0.0 == name }).1
        let file = try file { bomb(&$0) }
        #expect(file.count < 100_000)
        #expect(try refusal(file).contains(name))
    }

    @Test func aMillionEmptyNodesAreRefusedBeforeTheyAreParsed() throws {
        // Field 7 is the graph, field 1 in it a node of no bytes.
        let nodes = [[UInt8]](repeating: [0x0A, 0], count: 3_000_000).flatMap { $0 }
        var length = nodes.count
        var file: [UInt8] = [0x3A]
        while length >= 0x80 {
            file.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        file.append(UInt8(length))
        #expect(try refusal(Data(file + nodes)).contains("\(VisionLimits.graphElementsMax)"))
        let many = try self.file { builder in
            (0..<VisionLimits.graphNodesMax).reduce("floats") { value, _ in
                builder.node("Relu", [value])
            }
        }
        #expect(try refusal(many).contains("nodes"))
    }

    @Test func padsThatAreTurnedAroundAsExportersWriteThemAreFollowed() throws {
        // [front, back, …] from the last axis on, as rows of two, upside down, turned, and flat.
        try check(
            file { builder in
                let pairs = builder.node(
                    "Reshape",
                    [
                        builder.constant([0, 0, 1, 2, 3, 4, 0, 0], "p"),
                        builder.constant([-1, 2], "r"),
                    ])
                let upside = builder.node(
                    "Slice",
                    [
                        pairs, builder.constant([-1], "from"), builder.constant([-(1 << 62)], "to"),
                        builder.constant([0], "axis"), builder.constant([-1], "step"),
                    ])
                let turned = builder.node("Transpose", [upside], [("perm", .ints([1, 0]))])
                let flat = builder.node("Reshape", [turned, builder.constant([-1], "all")])
                let padded = builder.node("Pad", ["floats", flat])
                // 3 + 4 rows and 1 + 2 columns more.
                let shape = builder.constant([1, 71, 67, 3], "shape")
                return builder.node("Reshape", [padded, shape])
            })
    }

    @Test func aGraphMustFitIntoTheMemoryOfTheDevice() throws {
        let graph = try GraphRules.model(file()).graph
        let inputs = ["image": ([1, Self.side, Self.side, 3], 2)]
        let outputs = ["score", "anomaly_map"]
        let cost = try GraphCost(graph, inputs: inputs, outputs: outputs)
        // The colours twice, as floats, and what is left of the input.
        #expect(cost.peakBytes == 64 * 64 * 3 * 4 * 2)
        for (memory, isRefused) in [(cost.peakBytes, true), (cost.peakBytes * 1.5, false)] {
            do throws(VisionError) {
                _ = try GraphCost(graph, inputs: inputs, outputs: outputs, memoryBytes: memory)
                #expect(!isRefused)
            } catch {
                #expect(isRefused && error.message.contains("memory"))
            }
        }
    }

    @Test func sizesThatAreComputedFromShapesAreFollowed() throws {
        // As exporters write `x.reshape(x.shape[0], -1, x.shape[3] // 3 * 3)`, and a resize.
        try check(
            file { builder in
                let shape = builder.node("Shape", ["floats"])
                func side(_ index: Int) -> String {
                    builder.node("Gather", [shape, builder.constant([index], "index")])
                }
                let three = builder.constant([3], "three")
                let channels = builder.node(
                    "Mul", [builder.node("Div", [side(3), three]), three])
                let open = builder.constant([-1], "open")
                let target = builder.node(
                    "Concat", [side(0), open, channels], [("axis", .int(0))])
                let rows = builder.node("Reshape", ["floats", target])
                let ends = builder.node(
                    "Slice",
                    [shape, builder.constant([1], "from"), builder.constant([1 << 62], "to")])
                let doubled = builder.node(
                    "Concat", [builder.constant([1], "one"), ends], [("axis", .int(0))])
                let grown = builder.node("Resize", ["floats", "", "", doubled])
                return builder.node(
                    "Add",
                    [
                        builder.node("Reshape", [grown, builder.constant([1, -1, 3], "rows")]),
                        rows,
                    ])
            })
    }
}
