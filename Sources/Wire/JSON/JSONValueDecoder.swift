import FoundationEssentials

/// Decodes types from a `JSONValue` in the API's form, without making JSON of it again.
///
/// It reads what `WireCoding.decode` reads from bytes, with one difference: a member is found by
/// its name in UpperCamelCase only, as the shapes name it. It is not for dictionaries, whose keys
/// it would take for names of members.
struct JSONValueDecoder: Decoder {
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private let value: JSONValue

    init(_ value: JSONValue, at path: [any CodingKey] = []) {
        self.value = value
        codingPath = path
    }

    /// A value of any type: dates and bytes are texts and numbers in JSON, the others decode
    /// themselves.
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let decoded: Any =
            switch type {
            case is Date.Type: Date(timeIntervalSince1970: try double())
            case is Data.Type: try bytes()
            default: try type.init(from: self)
            }
        guard let result = decoded as? Value else { throw mismatch(type) }
        return result
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch([String: JSONValue].self) }
        return KeyedDecodingContainer(JSONMembers(members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let items) = value else { throw mismatch([JSONValue].self) }
        return JSONItems(items: items, codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    private func double() throws -> Double {
        guard let number = value.double else { throw mismatch(Double.self) }
        return number
    }

    private func bytes() throws -> Data {
        guard case .string(let text) = value else { throw mismatch(Data.self) }
        guard let bytes = Data(base64Encoded: text) else {
            throw DecodingError.dataCorrupted(context("is not base64"))
        }
        return bytes
    }

    private func mismatch(_ type: any Any.Type) -> DecodingError {
        let context = context("is \(value.kind), not the \(type) that is expected")
        return value == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    private func context(_ what: String) -> DecodingError.Context {
        .init(codingPath: codingPath, debugDescription: "\(codingPath.wireName) \(what)")
    }
}

extension JSONValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value == .null }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .boolean(let value) = value else { throw mismatch(type) }
        return value
    }

    func decode(_ type: String.Type) throws -> String {
        guard case .string(let text) = value else { throw mismatch(type) }
        return text
    }

    func decode(_ type: Double.Type) throws -> Double { try double() }

    func decode(_ type: Float.Type) throws -> Float { Float(try double()) }

    /// A whole number may be written as `2.0`, too.
    func decode<Number: FixedWidthInteger & Decodable>(_ type: Number.Type) throws -> Number {
        let number: Number? =
            switch value {
            case .integer(let number): Number(exactly: number)
            case .number(let number): Number(exactly: number)
            default: throw mismatch(type)
            }
        guard let number else {
            throw DecodingError.dataCorrupted(context("does not fit in \(type)"))
        }
        return number
    }
}

/// The members of an object.
private struct JSONMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: JSONValue]
    let codingPath: [any CodingKey]

    var allKeys: [Key] {
        members.keys.compactMap { Key(stringValue: $0.prefix(1).lowercased() + $0.dropFirst()) }
    }

    func contains(_ key: Key) -> Bool { members[key.wireName] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try value(key) == .null }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try decoder(key).decode(type)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
        -> KeyedDecodingContainer<Nested>
    {
        try decoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        JSONValueDecoder(.object(members), at: codingPath)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

    private func decoder(_ key: Key) throws -> JSONValueDecoder {
        JSONValueDecoder(try value(key), at: codingPath + [key])
    }

    private func value(_ key: Key) throws -> JSONValue {
        guard let value = members[key.wireName] else {
            let path = codingPath + [key]
            throw DecodingError.keyNotFound(
                key,
                .init(codingPath: codingPath, debugDescription: "\(path.wireName) is missing"))
        }
        return value
    }
}

/// The elements of a list.
private struct JSONItems: UnkeyedDecodingContainer {
    let items: [JSONValue]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(items: [JSONValue], codingPath: [any CodingKey]) {
        self.items = items
        self.codingPath = codingPath
    }

    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex == items.count }

    /// Passes over an element if it is null.
    mutating func decodeNil() throws -> Bool {
        guard try decoder().decodeNil() else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try decoder().decode(type)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws
        -> KeyedDecodingContainer<Key>
    {
        let container = try decoder().container(keyedBy: type)
        currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try decoder().unkeyedContainer()
        currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try decoder()
        currentIndex += 1
        return decoder
    }

    private func decoder() throws -> JSONValueDecoder {
        let path = codingPath + [Position(intValue: currentIndex)]
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                JSONValue.self,
                .init(codingPath: path, debugDescription: "\(path.wireName) is missing"))
        }
        return JSONValueDecoder(items[currentIndex], at: path)
    }
}

/// Place of an element in a list, from 0.
private struct Position: CodingKey {
    let number: Int

    var intValue: Int? { number }
    var stringValue: String { String(number) }

    init(intValue: Int) { number = intValue }

    init?(stringValue: String) {
        guard let number = Int(stringValue) else { return nil }
        self.number = number
    }
}

extension CodingKey {
    /// As the shapes name it; elements of lists count from 1, as in `Tags.1.Key`.
    fileprivate var wireName: String {
        if let intValue { return String(intValue + 1) }
        return stringValue.prefix(1).uppercased() + stringValue.dropFirst()
    }
}

extension [any CodingKey] {
    fileprivate var wireName: String {
        isEmpty ? "The document" : map(\.wireName).joined(separator: ".")
    }
}
