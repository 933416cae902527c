import FoundationEssentials
import SwiftProtobuf
import TestSupport
import Testing

@testable import Vision

@Suite struct BackboneFileTests {
    /// A convolution with stride 8.
    ///
    /// - Parameter side: of the image; nil takes any.
    private func file(
        side: Int? = nil, channels: Int = 24, metadata: [(String, String)] = [],
        _ change: (inout ONNXModel) -> Void = { _ in }
    ) throws -> Data {
        var builder = GraphBuilder(name: "tiny")
        builder.input("image", .float, shape: [1, 3, side ?? 0, side ?? 0])
        let kernel = Tensor(
            shape: [channels, 3, 8, 8],
            values: [Float](repeating: 0.01, count: channels * 3 * 64))
        let output = builder.node(
            "Conv", ["image", builder.constant(kernel, "kernel")], [("strides", .ints([8, 8]))],
            output: "cells")
        let cells = side.map { $0 / 8 } ?? 0
        builder.output(output, shape: [1, channels, cells, cells])
        var model = try ONNXModel(serializedBytes: builder.model(metadata: metadata))
        change(&model)
        return try model.serializedData()
    }

    /// What is said about a file that must be refused.
    private func refusal(_ file: Data) throws -> String {
        try #require(
            #expect(throws: VisionError.self) { try LearnedBackbone(identifier: "x", file: file) }
        ).message
    }

    @Test func aFileOfAnySizeNeedsStrides() throws {
        let annotated = try file(metadata: [("spotter.strides", "8")])
        let backbone = try LearnedBackbone(identifier: "x", file: annotated)
        #expect(backbone.taps == [FeatureTap(name: "cells", channels: 24, stride: 8)])
        #expect(backbone.fixedInput == nil && backbone.sideMultiple == 8)
        #expect(backbone.normalisation == .none)
        #expect(try refusal(file()).contains("spotter.strides"))
        #expect(
            try refusal(file(metadata: [("spotter.strides", "8,16")])).contains("for 2 outputs"))
    }

    @Test func aFixedSizeTellsTheStridesAndContradictsWrongOnes() throws {
        let backbone = try LearnedBackbone(identifier: "x", file: file(side: 224))
        #expect(backbone.fixedInput == PixelSize(width: 224, height: 224))
        #expect(backbone.taps.map(\.stride) == [8])
        let wrong = try refusal(file(side: 224, metadata: [("spotter.strides", "16")]))
        #expect(wrong.contains("16") && wrong.contains("8") && wrong.contains("cells"))
        #expect(try refusal(file(side: 4096)).contains("4096×4096"))
    }

    @Test func sidesAreMultiplesOfAllStrides() throws {
        func multiple(_ strides: String, _ multiple: String?) throws -> Int {
            var metadata = [("spotter.strides", strides)]
            if let multiple { metadata.append(("spotter.multiple", multiple)) }
            let two = try file(metadata: metadata) { $0.graph.output.append($0.graph.output[0]) }
            return try LearnedBackbone(identifier: "x", file: two).sideMultiple
        }
        #expect(try multiple("4,6", nil) == 12)
        #expect(try multiple("4,8", "32") == 32)
        for (strides, value) in [("4,8", "4"), ("4,8", "12"), ("255,254", nil)] {
            let error = #expect(throws: VisionError.self) { try multiple(strides, value) }
            #expect(error?.message.contains("spotter.multiple") == true)
        }
    }

    @Test(arguments: [
        ("strides", "1e30"), ("strides", "4.5"), ("strides", ""), ("strides", "0"),
        ("strides", "257"), ("multiple", "8,8"), ("multiple", "-8"), ("mean", "1,2"),
        ("mean", "a,b,c"), ("mean", "1,nan,2"), ("std", "1,0,1"), ("std", "1e-45,1,1"),
    ])
    func metadataThatCannotBeIsToldByItsName(key: String, value: String) throws {
        var metadata = [("spotter.strides", "8")]
        metadata.removeAll { $0.0 == "spotter.\(key)" }
        let message = try refusal(file(metadata: metadata + [("spotter.\(key)", value)]))
        #expect(message.contains("spotter.\(key)") && message.contains("'\(value)'"))
    }

    @Test func annotationsAreWrittenInPlaceOfTheFilesAndTheRestStays() throws {
        let before = try file(metadata: [
            ("spotter.strides", "nonsense"), ("spotter.std", "0.5,0.5,0.5"),
            ("spotter.licence", "ours"),
        ])
        let annotations = BackboneAnnotations(
            strides: [8], multiple: 32, mean: [0.485, 0.456, 0.406])
        let after = try annotations.written(into: before)
        let backbone = try LearnedBackbone(identifier: "x", file: after)
        #expect(backbone.taps.map(\.stride) == [8] && backbone.sideMultiple == 32)
        #expect(
            backbone.normalisation
                == ColorNormalisation(mean: [0.485, 0.456, 0.406], deviation: [0.5, 0.5, 0.5]))
        let kept = try ONNXModel(serializedBytes: after).metadataProps
        #expect(kept.contains { $0.key == "spotter.licence" && $0.value == "ours" })
        #expect(kept.count == 5)
        #expect(throws: VisionError.self) { try annotations.written(into: Data("text".utf8)) }
    }

    @Test(arguments: [(12, true), (13, false), (17, false), (18, true), (21, true)])
    func onlyOperatorSetsThatMeanTheSameAreTaken(version: Int64, isRefused: Bool) throws {
        let file = try file(side: 64) { $0.opsetImport[0].version = version }
        if isRefused {
            let message = try refusal(file)
            #expect(message.contains("\(version)") && message.contains("opset_version=17"))
        } else {
            #expect(try LearnedBackbone(identifier: "x", file: file).taps.count == 1)
        }
    }

    @Test func whatCannotBeCopiedIsRefused() throws {
        func refused(_ word: String, _ change: (inout ONNXModel) -> Void) throws {
            #expect(try refusal(file(side: 64, change)).contains(word), "\(word)")
        }
        /// A message with another field: tag and value as they are written.
        func with<Message: SwiftProtobuf.Message>(_ field: [UInt8], _ message: Message) -> Message {
            let bytes: [UInt8]? = try? message.serializedBytes()
            return (bytes.flatMap { try? Message(serializedBytes: $0 + field) }) ?? message
        }
        try refused("com.microsoft") { $0.graph.node[0].domain = "com.microsoft" }
        try refused("graphs of its own") {
            var branch = ONNXAttribute()
            branch.type = .UNRECOGNIZED(5)
            $0.graph.node[0].attribute.append(branch)
        }
        try refused("functions") { $0 = with([0xCA, 0x01, 0x00], $0) }
        try refused("sparse") { $0.graph = with([0x7A, 0x00], $0.graph) }
        try refused("another file") {
            $0.graph.initializer[0] = with([0x6A, 0x00, 0x70, 0x01], $0.graph.initializer[0])
        }
        try refused("another file") {
            var constant = ONNXAttribute()
            constant.t = with([0x70, 0x01], ONNXTensor())
            $0.graph.node[0].attribute.append(constant)
        }
        try refused("32-bit floats") { $0.graph.input[0].type.tensorType.elemType = 10 }
        try refused("32-bit floats") { $0.graph.output[0].type.tensorType.elemType = 10 }
        try refused("[1, 3, H, W]") {
            $0.graph.input[0].type.tensorType.shape.dim[0].value = 8
        }
        try refused("pixels") {
            $0.graph.input[0].type.tensorType.shape.dim[2].value = 1 << 62
        }
        // Weights that were outside once and are within now.
        let within = try file(side: 64) {
            $0.graph.initializer[0] = with([0x70, 0x00], $0.graph.initializer[0])
        }
        #expect(try LearnedBackbone(identifier: "x", file: within).taps.count == 1)
    }
}
