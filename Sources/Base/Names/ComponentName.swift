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
            && text.utf8.allSatisfy(\.isInName)
        guard isAllowed else { return nil }
        self.text = text
    }

    /// In the order of the bytes.
    package static func < (one: ComponentName, other: ComponentName) -> Bool {
        one.text < other.text
    }
}
