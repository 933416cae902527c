/// The version of a Greengrass component: MAJOR.MINOR.PATCH, without a prerelease or a build.
///
/// Each number has digits only and is at most `numberMax`. Zeros before a number are kept, so that
/// `1.0.0` and `1.00.0` are two versions, as they are two paths.
package struct ComponentVersion: ValidatedText {
    /// Completes the message "It is not …." of a JSON value that cannot be read.
    package static let meaning = "the version of a component"
    /// Greengrass' own bound.
    package static let charactersMax = 64
    /// Greengrass' own bound of each number.
    package static let numberMax = 999_999

    /// As it was written, with zeros before its numbers.
    package let text: String
    /// Major, minor, patch.
    private let numbers: [Int]

    /// - Returns: nil for what is not a version, or one with larger numbers.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.charactersMax else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part -> Int? in
            guard !part.isEmpty, part.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(part), number <= Self.numberMax
            else { return nil }
            return number
        }
        guard parts.count == 3, numbers.count == 3 else { return nil }
        self.text = text
        self.numbers = numbers
    }

    /// Whether no number has a zero before it, as SemVer wants it. Components of before may have
    /// some; new ones must not.
    package var isSemantic: Bool { text == numbers.map(String.init).joined(separator: ".") }

    /// The next patch; nil behind the last.
    package var next: ComponentVersion? {
        ComponentVersion("\(numbers[0]).\(numbers[1]).\(numbers[2] + 1)")
    }

    /// The older version is the smaller one; of two with the same numbers, that with the smaller
    /// text.
    package static func < (one: ComponentVersion, other: ComponentVersion) -> Bool {
        one.numbers == other.numbers
            ? one.text < other.text : one.numbers.lexicographicallyPrecedes(other.numbers)
    }
}
