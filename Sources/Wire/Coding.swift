package import FoundationEssentials

/// JSON as the API writes it: members in UpperCamelCase, timestamps in seconds since 1970.
package enum WireCoding {
    /// Bytes of `value` with sorted members, so that equal values have equal bytes.
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .secondsSince1970
        encoder.keyEncodingStrategy = .custom { path in Name(path.last).mapFirst { $0.uppercased() }
        }
        return try encoder.encode(value)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data) throws
        -> Value
    {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        decoder.keyDecodingStrategy = .custom { path in Name(path.last).mapFirst { $0.lowercased() }
        }
        return try decoder.decode(type, from: bytes)
    }

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int?

        init(_ key: (any CodingKey)?) {
            stringValue = key?.stringValue ?? ""
            intValue = key?.intValue
        }

        init?(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) {
            self.intValue = intValue
            stringValue = String(intValue)
        }

        func mapFirst(_ transform: (String) -> String) -> Name {
            var name = self
            name.stringValue = transform(String(stringValue.prefix(1))) + stringValue.dropFirst()
            return name
        }
    }
}
