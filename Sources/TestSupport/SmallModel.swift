import Base
package import FoundationEssentials
package import Vision

/// The smallest detector there is: its score is the mean of the pixels. The runtime loads and runs
/// it as any other.
package enum SmallModel {
    /// Pixels of a side of its images.
    package static let side = 64

    /// The model as an ONNX file.
    ///
    /// - Parameter name: models of different names have different bytes.
    package static func bytes(_ name: String) -> Data {
        let image = value("image", elementType: 2, [1, side, side, 3])
        let score = value("score", elementType: 1, [1])
        let map = value("anomaly_map", elementType: 1, [1, side, side, 1])
        let nodes = [
            node("Cast", "image", "pixels", [integer("to", 1)]),
            node("ReduceMean", "pixels", "mean", [integers("axes", [0, 1, 2, 3])]),
            node("Flatten", "mean", "flat", [integer("axis", 0)]),
            node("ReduceMean", "flat", "score", [integers("axes", [0]), integer("keepdims", 0)]),
            node("ReduceMean", "pixels", "anomaly_map", [integers("axes", [3])]),
        ]
        let graph =
            nodes.map { field(1, $0) }.reduce(Data(), +) + field(2, text("small"))
            + field(11, image) + field(12, score) + field(12, map)
        // Fields of ModelProto: ir_version, graph, opset_import, metadata_props.
        return number(1, 8) + field(7, graph) + field(8, number(2, 17))
            + field(14, field(1, text("name")) + field(2, text(name)))
    }

    private static func node(
        _ operation: String, _ input: String, _ output: String, _ attributes: [Data]
    ) -> Data {
        field(1, text(input)) + field(2, text(output)) + field(4, text(operation))
            + attributes.map { field(5, $0) }.reduce(Data(), +)
    }

    private static func integer(_ name: String, _ value: Int) -> Data {
        field(1, text(name)) + number(3, value) + number(20, 2)
    }

    private static func integers(_ name: String, _ values: [Int]) -> Data {
        field(1, text(name)) + values.map { number(8, $0) }.reduce(Data(), +) + number(20, 7)
    }

    private static func value(_ name: String, elementType: Int, _ shape: [Int]) -> Data {
        let dimensions = shape.map { field(1, number(1, $0)) }.reduce(Data(), +)
        let tensor = number(1, elementType) + field(2, dimensions)
        return field(1, text(name)) + field(2, field(1, tensor))
    }

    // Protocol buffers' encoding.

    private static func text(_ text: String) -> Data { Data(text.utf8) }

    private static func number(_ field: Int, _ value: Int) -> Data {
        variable(field << 3) + variable(value)
    }

    private static func field(_ field: Int, _ bytes: Data) -> Data {
        variable(field << 3 | 2) + variable(bytes.count) + bytes
    }

    private static func variable(_ value: Int) -> Data {
        var (rest, bytes) = (value, Data())
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes
    }

    /// A manifest for the model, with a threshold of 100 levels of brightness.
    ///
    /// - Parameter model: the bytes of `bytes(_:)`, whose checksum is in the manifest.
    /// - Throws: never, unless the format of manifests changes.
    package static func manifest(arn: String, project: String, version: Int, model: Data) throws
        -> ModelManifest
    {
        let text = """
            {"formatVersion": 2, "modelArn": "\(arn)", "projectName": "\(project)",
             "modelVersion": "\(version)",
             "image": {"width": \(side), "height": \(side)},
             "input": {"width": \(side), "height": \(side)},
             "labels": [], "background": {"name": "background", "color": "#FFFFFF"},
             "decision": {"threshold": 100, "slope": 4},
             "training": {"backbone": "none", "seed": 1, "normalImages": 2, "anomalousImages": 0,
               "sampledImages": 2, "folds": 1, "candidates": [], "threshold": 100,
               "expectedFalseAlarmRate": 0.1,
               "chosen": {"isSmoothed": false, "whiteningExponent": 1, "bankCount": 0,
                 "pooledFraction": 0}},
             "files": {"\(ModelManifest.modelFileName)": "\(Checksum.sha256(model))"}}
            """
        return try ModelManifest(decoding: Data(text.utf8))
    }
}
