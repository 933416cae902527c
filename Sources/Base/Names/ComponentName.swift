/// The name of a Greengrass component.
///
/// It has 1 to `charactersMax` of ASCII letters, digits, `-`, `_` and `.`, and is neither `.` nor
/// `..`, so that it can stand as one part of a path, of a key and of an ARN.
package struct ComponentName: ValidatedText {
    /// Completes the message "It is not …." of a JSON value that cannot be read.
    package static let meaning = "the name of a component"
    /// Greengrass' own bound.
    package static let charactersMax = 128

    /// The name itself.
    package let text: String

    /// - Returns: nil for what no component can be called.
    package init?(_ text: String) {
        let isAllowed =
            (1...Self.charactersMax).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
        guard isAllowed else { return nil }
        self.text = text
    }

    /// In the order of the bytes.
    package static func < (one: ComponentName, other: ComponentName) -> Bool {
        one.text < other.text
    }
}
