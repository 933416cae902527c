package import Access

/// The ARN of a component, or of one of its versions, of this installation.
package struct ComponentARN: Sendable, Equatable {
    package let name: String
    package let version: String?

    /// Reads an ARN strictly: it must be the very text that `ARNs` would write, so that a policy
    /// and the registry cannot mean different components.
    ///
    /// - Returns: nil for another region or account, and for names and versions that no component
    ///   can have.
    package init?(_ text: String, arns: ARNs) {
        let start = arns.component("")
        guard text.hasPrefix(start) else { return nil }
        let parts = text.dropFirst(start.count).split(
            separator: ":", omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard ComponentNames.isName(name) else { return nil }
        switch parts.count {
        case 1: version = nil
        case 3 where parts[1] == "versions" && ComponentNames.isVersion(String(parts[2])):
            version = String(parts[2])
        default: return nil
        }
        self.name = name
    }
}

/// What components and their versions may be called. Paths are composed of such names only.
package enum ComponentNames {
    static let nameCharactersMax = 128
    static let versionCharactersMax = 64
    static let versionNumberMax = 999_999

    /// Letters, digits, `-`, `_`, `.`; not `.` or `..`.
    package static func isName(_ text: String) -> Bool {
        (1...nameCharactersMax).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// MAJOR.MINOR.PATCH, each at most 999999.
    package static func isVersion(_ text: String) -> Bool { numbers(text) != nil }

    /// Whether one version comes before another.
    static func precedes(_ one: String, _ other: String) -> Bool {
        let sides = [one, other].map { numbers($0) ?? [] }
        return sides[0] == sides[1] ? one < other : sides[0].lexicographicallyPrecedes(sides[1])
    }

    private static func numbers(_ text: String) -> [Int]? {
        guard text.utf8.count <= versionCharactersMax else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part -> Int? in
            guard !part.isEmpty, part.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(part), number <= versionNumberMax
            else { return nil }
            return number
        }
        return parts.count == 3 && numbers.count == 3 ? numbers : nil
    }
}
