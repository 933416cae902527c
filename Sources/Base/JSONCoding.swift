package import FoundationEssentials

/// JSON of our own: rows, files, log lines, reports, and answers of services other than the API,
/// whose form is `WireCoding`.
///
/// Members are sorted, so that equal values have equal bytes, and slashes are not escaped. Bytes
/// (`Data`) are base64 in a string. A non-finite number cannot be encoded.
package enum JSONCoding {
    /// How the text is laid out.
    package enum Layout: Sendable {
        /// One line without spaces or a line break at its end.
        case compact
        /// A member a line, indented by two spaces, for files that people open.
        case indented
    }

    /// How a `Date` is written.
    package enum Dates: Sendable {
        /// A number of seconds since 2001, as Foundation writes dates by itself. Rows have it.
        case secondsSince2001
        /// A number of seconds since 1970, as the services of AWS have it.
        case secondsSince1970
        /// A text like `2026-11-25T01:33:32Z`, in whole seconds.
        case iso8601
    }

    /// Bytes of `value` in UTF-8.
    ///
    /// - Throws: `EncodingError`, for non-finite numbers and what the value itself throws.
    package static func encode(
        _ value: some Encodable, _ layout: Layout = .compact, dates: Dates = .secondsSince2001
    ) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if layout == .indented { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.dateEncodingStrategy =
            switch dates {
            case .secondsSince2001: .deferredToDate
            case .secondsSince1970: .secondsSince1970
            case .iso8601: .iso8601
            }
        return try encoder.encode(value)
    }

    /// The same as `encode`, as a text: for lines and columns.
    ///
    /// - Throws: `EncodingError`, as `encode` does.
    package static func text(
        _ value: some Encodable, _ layout: Layout = .compact, dates: Dates = .secondsSince2001
    ) throws -> String {
        String(decoding: try encode(value, layout, dates: dates), as: UTF8.self)
    }

    /// Reads what `encode` wrote with the same `dates`, in either layout; members that `type` does
    /// not have are passed over.
    ///
    /// - Throws: `DecodingError`, for bytes that are not one JSON document in UTF-8 and for a
    ///   member that is missing or of another type.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: Data, dates: Dates = .secondsSince2001
    ) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy =
            switch dates {
            case .secondsSince2001: .deferredToDate
            case .secondsSince1970: .secondsSince1970
            case .iso8601: .iso8601
            }
        return try decoder.decode(type, from: bytes)
    }
}
