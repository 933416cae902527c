package import FoundationEssentials

/// JSON as the API writes it: members in UpperCamelCase where ours are in lowerCamelCase,
/// timestamps in seconds since 1970, bytes in base64. What `encode` writes is also the form of
/// stored answers and of the digests of requests, so its bytes must not change.
package enum WireCoding {
    /// Bytes of `value` with sorted members, so that equal values have equal bytes.
    ///
    /// - Throws: `EncodingError`, for a number that is not finite.
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .secondsSince1970
        encoder.keyEncodingStrategy = .custom { path in
            Name(path.last) { $0.uppercased() }
        }
        return try encoder.encode(value)
    }

    /// Reads bytes that `encode` wrote, as stored answers are.
    ///
    /// - Throws: `DecodingError`.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data) throws
        -> Value
    {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        decoder.keyDecodingStrategy = .custom { path in
            Name(path.last) { $0.lowercased() }
        }
        return try decoder.decode(type, from: bytes)
    }

    /// Reads a document that is parsed already, as inputs of operations are.
    ///
    /// - Throws: `DecodingError`, whose description names the member by its path on the wire. A
    ///   document that satisfies the shape of `type` is decoded.
    package static func decode<Value: Decodable>(_ type: Value.Type, from value: JSONValue) throws
        -> Value
    {
        try JSONValueDecoder(value).decode(type)
    }

    private struct Name: CodingKey {
        let stringValue: String
        let intValue: Int?

        init(_ key: (any CodingKey)?, first: (String) -> String) {
            let text = key?.stringValue ?? ""
            stringValue = first(String(text.prefix(1))) + text.dropFirst()
            intValue = key?.intValue
        }

        init?(stringValue: String) { self.init(stringValue, nil) }

        init?(intValue: Int) { self.init(String(intValue), intValue) }

        private init(_ text: String, _ number: Int?) {
            stringValue = text
            intValue = number
        }
    }
}
