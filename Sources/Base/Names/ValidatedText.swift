/// A text that can only be valid: its one initialiser answers nil for any other.
///
/// It is a string in JSON; reading one that is not valid throws.
package protocol ValidatedText: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// What the text is, in messages: `the name of a component`.
    static var meaning: String { get }

    /// The text as it was written.
    var text: String { get }

    /// - Returns: nil for a text that is not valid.
    init?(_ text: String)
}

extension UInt8 {
    /// Whether it is an ASCII letter or digit, `-`, `_` or `.`: what names of buckets and of
    /// components are made of, and what needs no escape in a path, a URL or an ARN.
    var isInName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension ValidatedText {
    /// The text as it was written, without quotes.
    package var description: String { text }

    /// - Throws: `DecodingError.dataCorrupted` for a string that is not valid.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "It is not \(Self.meaning).")
        }
        self = value
    }

    /// Writes the text as a single string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
