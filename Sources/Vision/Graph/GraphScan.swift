import FoundationEssentials

/// Counts the fields of an ONNX file before it is parsed. An empty node takes two bytes of a file
/// and hundreds in memory, so a bound of bytes alone does not bound what parsing costs.
struct GraphScan {
    /// The messages that are looked into; all others are read as a whole.
    private enum Kind {
        case model, graph, node, attribute, tensor, value, type, tensorType, shape

        /// What a field holds, by its published number; nil for anything that is read as a whole.
        func inside(_ field: UInt64) -> Kind? {
            switch (self, field) {
            case (.model, 7): .graph
            case (.graph, 1): .node
            case (.graph, 5), (.attribute, 5): .tensor
            case (.graph, 11), (.graph, 12), (.graph, 13): .value
            case (.node, 5): .attribute
            case (.value, 2): .type
            case (.type, 1): .tensorType
            case (.tensorType, 2): .shape
            default: nil
            }
        }

        /// Whether a field is a list of whole numbers, of which each byte may become eight.
        func isNumbers(_ field: UInt64) -> Bool {
            switch (self, field) {
            case (.tensor, 1), (.tensor, 5), (.tensor, 7), (.attribute, 8): true
            default: false
            }
        }
    }

    private var elements = 0
    private let elementsMax: Int

    /// - Returns: whether the file has at most `elementsMax` fields and numbers in lists; true for
    ///   what is not an ONNX file, which parsing then finds.
    static func isWithin(_ elementsMax: Int, _ bytes: Data) -> Bool {
        var scan = GraphScan(elementsMax: elementsMax)
        return bytes.withUnsafeBytes { scan.count($0, 0, $0.count, .model) }
    }

    private init(elementsMax: Int) { self.elementsMax = elementsMax }

    /// Counts one message, from `start` up to `end`.
    private mutating func count(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ kind: Kind
    ) -> Bool {
        var place = start
        while let tag = Self.number(bytes, &place, end) {
            elements += 1
            guard elements <= elementsMax else { return false }
            let field = tag >> 3
            switch tag & 7 {
            case 0: guard Self.number(bytes, &place, end) != nil else { return true }
            case 1: place += 8
            case 5: place += 4
            case 2:
                guard let length = Self.number(bytes, &place, end), length <= UInt64(end - place)
                else { return true }
                let next = place + Int(length)
                if kind.isNumbers(field) { elements += Int(length) }
                if let inside = kind.inside(field) {
                    guard count(bytes, place, next, inside) else { return false }
                }
                place = next
            default: return true
            }
            guard place <= end else { return true }
        }
        return elements <= elementsMax
    }

    /// Seven bits a byte, the lowest first; nil at the end.
    private static func number(_ bytes: UnsafeRawBufferPointer, _ place: inout Int, _ end: Int)
        -> UInt64?
    {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard place < end else { return nil }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
