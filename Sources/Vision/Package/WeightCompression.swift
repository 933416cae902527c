package import FoundationEssentials
import SwiftProtobuf

/// Stores the weights of a graph in 16 bits. The runtime widens them once, when it loads the graph,
/// and computes in 32 bits as before: half the bytes, the same speed.
package enum WeightCompression {
    /// Smaller tensors are not worth a node.
    private static let valuesMin = 256

    /// - Returns: the graph with its large weight tensors in float16, each behind a Cast.
    package static func float16(_ model: Data) throws(VisionError) -> Data {
        do {
            var file = try ONNXModel(serializedBytes: model)
            var casts: [ONNXNode] = []
            for index in file.graph.initializer.indices {
                let tensor = file.graph.initializer[index]
                // Row vectors hold squared norms and biases, whose rounding would move every
                // distance; weights and bank are what is large.
                guard tensor.dataType == Int32(ONNXTensor.ElementType.float.rawValue),
                    tensor.dims.count >= 2, tensor.dims[0] > 1,
                    tensor.rawData.count >= valuesMin * 4
                else { continue }
                let narrow = tensor.name + "/float16"
                file.graph.initializer[index].name = narrow
                file.graph.initializer[index].dataType = Int32(
                    ONNXTensor.ElementType.float16.rawValue)
                file.graph.initializer[index].rawData = narrowed(tensor.rawData)
                casts.append(cast(narrow, to: tensor.name))
            }
            file.graph.node.insert(contentsOf: casts, at: 0)
            return try file.serializedData()
        } catch {
            throw VisionError(
                .invalidModel, "The model's weights could not be compressed: \(error)")
        }
    }

    private static func cast(_ input: String, to output: String) -> ONNXNode {
        var attribute = ONNXAttribute()
        attribute.name = "to"
        attribute.type = .int
        attribute.i = Int64(ONNXTensor.ElementType.float.rawValue)
        var node = ONNXNode()
        node.opType = "Cast"
        node.name = "widen/" + output
        node.input = [input]
        node.output = [output]
        node.attribute = [attribute]
        return node
    }

    /// Little-endian floats to little-endian halves, rounded to nearest.
    private static func narrowed(_ bytes: Data) -> Data {
        bytes.withUnsafeBytes { raw in
            var halves = [UInt8]()
            halves.reserveCapacity(raw.count / 2)
            for offset in stride(from: 0, to: raw.count - 3, by: 4) {
                let pattern = raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let half = Float16(Float(bitPattern: UInt32(littleEndian: pattern))).bitPattern
                halves.append(UInt8(truncatingIfNeeded: half))
                halves.append(UInt8(truncatingIfNeeded: half >> 8))
            }
            return Data(halves)
        }
    }
}
