import SwiftProtobuf

/// The fields of a message that `onnx.proto` leaves out.
struct UnknownFields {
    /// By field number: the value of a whole number, 0 for anything else.
    private let values: [UInt64: UInt64]

    init(_ message: some SwiftProtobuf.Message) {
        var values: [UInt64: UInt64] = [:]
        var bytes = [UInt8](message.unknownFields.data)[...]
        // The library kept whole fields only, so what cannot be read here does not occur.
        fields: while let tag = Self.number(&bytes) {
            var value: UInt64 = 0
            switch tag & 7 {
            case 0:
                guard let number = Self.number(&bytes) else { break fields }
                value = number
            case 1: bytes = bytes.dropFirst(8)
            case 2:
                guard let length = Self.number(&bytes), length <= bytes.count else { break fields }
                bytes = bytes.dropFirst(Int(length))
            case 5: bytes = bytes.dropFirst(4)
            default: break fields
            }
            values[tag >> 3] = value
        }
        self.values = values
    }

    func contains(_ field: UInt64) -> Bool { values[field] != nil }

    func number(_ field: UInt64) -> UInt64 { values[field] ?? 0 }

    /// Seven bits a byte, the lowest first.
    private static func number(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
