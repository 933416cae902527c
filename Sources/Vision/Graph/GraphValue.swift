import FoundationEssentials

/// What is known of a tensor of a graph before the graph runs.
struct GraphValue: Sendable {
    /// Dimensions of a tensor, and a bound of each; far above what fits into memory.
    private static let rankMax = 8
    private static let sideMax = 1 << 31
    /// Elements up to which the numbers themselves are followed: sizes, axes and indices.
    static let numbersMax = 1024

    let shape: [Int]
    /// ONNX's number of the element type.
    let type: Int
    let elementBytes: Int
    /// The elements in their order, where they are known and few.
    var numbers: [Double]?
    /// Whether it is the same for every image, so that ONNX Runtime may compute it at load.
    var isConstant = false

    var count: Double { shape.reduce(1.0) { $0 * Double($1) } }
    var bytes: Double { count * Double(elementBytes) }
    var isWhole: Bool { [2, 3, 4, 5, 6, 7, 9, 12, 13].contains(type) }

    /// - Throws: `invalidModel` for an element type or a shape that no detector needs.
    init(_ shape: [Int], _ type: Int, _ numbers: [Double]? = nil) throws(VisionError) {
        guard let bytes = Self.bytes[type] else {
            throw GraphRules.invalid("has values of the element type \(type); only numbers go")
        }
        guard shape.count <= Self.rankMax, shape.allSatisfy({ (0...Self.sideMax).contains($0) })
        else { throw GraphRules.invalid("has a tensor of \(shape.prefix(16)), which is too large") }
        self.shape = shape
        self.type = type
        elementBytes = bytes
        self.numbers = numbers
    }

    /// A tensor of the file.
    init(_ tensor: ONNXTensor) throws(VisionError) {
        try self.init(tensor.dims.map { Int($0) }, Int(tensor.dataType))
        isConstant = true
        if count <= Double(Self.numbersMax) { numbers = Self.numbers(tensor, Int(count)) }
    }

    /// Bytes of an element by ONNX's number of its type; texts and complex numbers are left out.
    private static let bytes = [
        1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2,
    ]

    private static func numbers(_ tensor: ONNXTensor, _ count: Int) -> [Double]? {
        let raw = tensor.rawData
        func read<Value>(_ value: Value.Type, _ convert: (Value) -> Double) -> [Double]? {
            let size = MemoryLayout<Value>.size
            guard raw.count == count * size else { return nil }
            return raw.withUnsafeBytes { bytes in
                (0..<count).map {
                    convert(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Value.self))
                }
            }
        }
        switch tensor.dataType {
        case 1 where raw.isEmpty: return tensor.floatData.map(Double.init)
        case 1: return read(Float.self) { Double($0) }
        case 6 where raw.isEmpty: return tensor.int32Data.map(Double.init)
        case 6: return read(Int32.self) { Double($0) }
        case 7 where raw.isEmpty: return tensor.int64Data.map(Double.init)
        case 7: return read(Int64.self) { Double($0) }
        case 9 where raw.isEmpty: return tensor.int32Data.map(Double.init)
        case 9: return read(UInt8.self) { Double($0) }
        case 11: return read(Double.self) { $0 }
        default: return nil
        }
    }

    /// The numbers as sizes or indices; nil where they are not known.
    var integers: [Int]? {
        // ONNX writes "to the end" as the largest number there is.
        numbers?.map { $0.isNaN ? 0 : Int(max(-1e15, min(1e15, $0.rounded(.towardZero)))) }
    }
}

/// The attributes of a node by their names.
struct NodeAttributes {
    private let byName: [String: ONNXAttribute]

    init(_ node: ONNXNode) {
        byName = Dictionary(node.attribute.map { ($0.name, $0) }) { first, _ in first }
    }

    func int(_ name: String, _ missing: Int) -> Int { byName[name].map { Int($0.i) } ?? missing }

    func ints(_ name: String) -> [Int]? { byName[name].map { $0.ints.map(Int.init) } }

    func text(_ name: String) -> String? {
        byName[name].map { String(decoding: $0.s, as: UTF8.self) }
    }

    func attribute(_ name: String) -> ONNXAttribute? { byName[name] }
}
