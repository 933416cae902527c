/// The key of an object: 1 to `bytesMax` bytes of UTF-8 without a NUL.
///
/// Keys are compared by their bytes, as S3 does, and not as Swift compares texts: `é` in one
/// scalar and in two are two keys.
package struct ObjectKey: ValidatedText {
    /// Completes the message "It is not …." of a JSON value that cannot be read.
    package static let meaning = "the key of an object"
    /// S3's own bound.
    package static let bytesMax = 1024

    /// The key itself, not percent-encoded.
    package let text: String

    /// - Returns: nil for what cannot be a key.
    package init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count), !text.utf8.contains(0) else {
            return nil
        }
        self.text = text
    }

    /// By bytes: texts that Swift holds to be equal may be two keys.
    package static func == (one: ObjectKey, other: ObjectKey) -> Bool {
        one.text.utf8.elementsEqual(other.text.utf8)
    }

    /// Hashes the bytes, to agree with `==`.
    package func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }

    /// In the order of the bytes, which is the order of S3's lists.
    package static func < (one: ObjectKey, other: ObjectKey) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }
}
