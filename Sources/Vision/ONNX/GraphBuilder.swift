import FoundationEssentials
import SwiftProtobuf

/// Assembles an ONNX graph node by node. Values are named by strings, as in the file itself.
struct GraphBuilder {
    /// Operator set 17 has everything that the detector needs and every runtime since 2022 has it.
    static let operatorSet: Int64 = 17
    /// File format that belongs to operator set 17.
    static let formatVersion: Int64 = 8

    enum AttributeValue {
        case int(Int)
        case ints([Int])
        case string(String)
    }

    private var graph = ONNXGraph()
    private var count = 0

    init(name: String) { graph.name = name }

    /// Adds a node with one output and returns the output's name.
    ///
    /// - Parameter output: a name for the output, when it is one of the graph's.
    mutating func node(
        _ operation: String, _ inputs: [String], _ attributes: [(String, AttributeValue)] = [],
        output: String? = nil
    ) -> String {
        nodes(operation, inputs, attributes, outputs: [output ?? fresh(operation)])[0]
    }

    mutating func nodes(
        _ operation: String, _ inputs: [String], _ attributes: [(String, AttributeValue)] = [],
        outputs: [String]
    ) -> [String] {
        var node = ONNXNode()
        node.opType = operation
        node.name = fresh("node/\(operation)")
        node.input = inputs
        node.output = outputs
        node.attribute = attributes.map { name, value in
            var attribute = ONNXAttribute()
            attribute.name = name
            switch value {
            case .int(let number):
                attribute.type = .int
                attribute.i = Int64(number)
            case .ints(let numbers):
                attribute.type = .ints
                attribute.ints = numbers.map(Int64.init)
            case .string(let text):
                attribute.type = .string
                attribute.s = Data(text.utf8)
            }
            return attribute
        }
        graph.node.append(node)
        return outputs
    }

    mutating func constant(_ tensor: Tensor, _ hint: String) -> String {
        let bytes = tensor.values.withUnsafeBufferPointer { values in
            Data(
                values.lazy.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) })
        }
        return initializer(hint, tensor.shape, .float, bytes)
    }

    mutating func constant(_ numbers: [Int], _ hint: String) -> String {
        let bytes = Data(
            numbers.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) })
        return initializer(hint, [numbers.count], .int64, bytes)
    }

    mutating func scalar(_ value: Float, _ hint: String) -> String {
        constant(Tensor(shape: [], values: [value]), hint)
    }

    private mutating func initializer(
        _ hint: String, _ shape: [Int], _ type: ONNXTensor.ElementType, _ bytes: Data
    ) -> String {
        var tensor = ONNXTensor()
        tensor.name = fresh(hint)
        tensor.dims = shape.map(Int64.init)
        tensor.dataType = Int32(type.rawValue)
        tensor.rawData = bytes
        graph.initializer.append(tensor)
        return tensor.name
    }

    mutating func input(_ name: String, _ type: ONNXTensor.ElementType, shape: [Int]) {
        graph.input.append(Self.value(name, type, shape))
    }

    mutating func output(_ name: String, shape: [Int]) {
        graph.output.append(Self.value(name, .float, shape))
    }

    private static func value(_ name: String, _ type: ONNXTensor.ElementType, _ shape: [Int])
        -> ONNXValueInfo
    {
        var info = ONNXValueInfo()
        info.name = name
        info.type.tensorType.elemType = Int32(type.rawValue)
        info.type.tensorType.shape.dim = shape.map { size in
            var dimension = ONNXShape.Dimension()
            dimension.value = Int64(size)
            return dimension
        }
        return info
    }

    /// The graph itself, for one that is to be a part of others.
    var finished: ONNXGraph { graph }

    /// Copies the nodes of `other` into this graph, those that the output needs.
    ///
    /// - Parameters:
    ///   - prefix: goes before every name of `other`, so that names cannot meet.
    ///   - input: the value here that takes the place of `other`'s input `inputName`.
    /// - Returns: the name here of `other`'s output `outputName`.
    mutating func append(
        _ other: ONNXGraph, prefix: String, input: String, for inputName: String,
        output outputName: String
    ) -> String {
        func rename(_ name: String) -> String {
            name.isEmpty ? "" : name == inputName ? input : prefix + name
        }
        let needed = Self.needed(other, for: outputName)
        for var tensor in other.initializer where needed.contains(tensor.name) {
            tensor.name = rename(tensor.name)
            graph.initializer.append(tensor)
        }
        for var node in other.node where node.output.contains(where: needed.contains) {
            node.name = fresh("node/\(prefix)\(node.opType)")
            node.input = node.input.map(rename)
            node.output = node.output.map(rename)
            graph.node.append(node)
        }
        return rename(outputName)
    }

    /// The names of all values that `output` is computed from, and its own.
    static func needed(_ graph: ONNXGraph, for output: String) -> Set<String> {
        var needed: Set<String> = [output]
        // Nodes stand in the order of their computation.
        for node in graph.node.reversed() where node.output.contains(where: needed.contains) {
            needed.formUnion(node.input)
        }
        // An optional input that is left out has no name.
        needed.remove("")
        return needed
    }

    /// The file.
    func model(metadata: [(String, String)] = []) throws(VisionError) -> Data {
        var model = ONNXModel()
        model.irVersion = Self.formatVersion
        model.producerName = "spotter"
        model.graph = graph
        var operators = ONNXOperatorSet()
        operators.version = Self.operatorSet
        model.opsetImport = [operators]
        model.metadataProps = metadata.map { key, value in
            var property = ONNXProperty()
            property.key = key
            property.value = value
            return property
        }
        do {
            return try model.serializedData()
        } catch {
            throw VisionError(.invalidModel, "The model could not be written: \(error)")
        }
    }

    mutating func fresh(_ hint: String) -> String {
        count += 1
        return "\(hint)_\(count)"
    }
}
