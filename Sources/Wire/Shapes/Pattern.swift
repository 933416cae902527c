import Synchronization

/// The patterns of the shapes, compiled once in a process.
package enum Pattern {
    /// `Regex` is immutable after it is compiled but not marked Sendable.
    private struct Compiled: @unchecked Sendable {  // only ever read
        let regex: Regex<AnyRegexOutput>
    }

    private static let compiled = Mutex<[String: Compiled]>([:])

    /// Whether all of `text` matches. A pattern that does not compile matches nothing; a test
    /// compiles every pattern of the table.
    package static func matches(_ text: String, _ pattern: String) -> Bool {
        guard let compiled = compiled(for: pattern) else { return false }
        return (try? compiled.regex.wholeMatch(in: text)) != nil
    }

    private static func compiled(for pattern: String) -> Compiled? {
        compiled.withLock { cache in
            if let known = cache[pattern] { return known }
            // The published patterns write a literal hyphen after a range ("0-9-_"), which
            // Swift's regular expressions want escaped.
            let portable = pattern.replacing("9-_", with: #"9\-_"#)
            guard let regex = try? Regex(portable) else { return nil }
            let value = Compiled(regex: regex.matchingSemantics(.unicodeScalar))
            cache[pattern] = value
            return value
        }
    }
}
