/// The name of a bucket: 3 to 63 ASCII letters, digits, `.`, `-` and `_`, not beginning with `.`.
///
/// These are Lookout for Vision's bounds, wider than those of S3 itself. A name can stand as one
/// part of a path, of a URL and of an ARN.
package struct BucketName: ValidatedText {
    /// Completes the message "It is not …." of a JSON value that cannot be read.
    package static let meaning = "the name of a bucket"
    /// For messages: what a name must be.
    package static let rule = "3 to 63 letters, digits, '.', '-' and '_', not beginning with '.'"

    /// The name itself.
    package let text: String

    /// - Returns: nil for what cannot be a bucket's name.
    package init?(_ text: String) {
        guard (3...63).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "."),
            text.utf8.allSatisfy(\.isInName)
        else { return nil }
        self.text = text
    }

    /// Whether the name can stand before the name of AWS's host: a dot would need another
    /// certificate than AWS has, and names of hosts have neither upper case nor `_`.
    package var fitsHost: Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "_"): false
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): false
            default: true
            }
        }
    }

    /// Whether two names may be the same bucket: some stores do not tell capital letters apart.
    package func isSame(as other: BucketName) -> Bool {
        text.lowercased() == other.text.lowercased()
    }

    /// In the order of the bytes.
    package static func < (one: BucketName, other: BucketName) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }
}
